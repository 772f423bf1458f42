// Builds the table of all chats' statuses from the compacted topic, prints it, and ends when it has caught up.

import { Consumer, FetchIsolationLevels, type Message, stringDeserializers } from '@platformatic/kafka'

type View = { revision: number; status: string; phase?: string }

const topic = 'goal.status-changed'
const isolationLevel = FetchIsolationLevels.READ_COMMITTED
const consumer = new Consumer({
  clientId: 'reader',
  groupId: `table-${process.pid}`, // Needed, and never committed to.
  bootstrapBrokers: (process.env.KAFKA_BOOTSTRAP ?? 'localhost:9092').split(','),
  deserializers: stringDeserializers,
})
const table = new Map<string, View | undefined>()
const revisions = new Map<string, number>()

function take({ key: chat, value, headers }: Message<string, string, string, string>): void {
  const view: View | undefined = value ? JSON.parse(value) : undefined
  // A tombstone is a chat that was deleted; its revision is in the header.
  const revision = view?.revision ?? Number(headers.get('revision'))
  const seen = revisions.get(chat)
  // Of two with one revision the newer one holds: this client may hand out what a transaction that was aborted held (see the README).
  if (seen !== undefined && revision < seen) return
  if (seen !== undefined && revision > seen + 1) {
    console.error(`${chat}: revisions ${seen + 1} to ${revision - 1} were missed`)
  }
  revisions.set(chat, revision)
  table.set(chat, view)
}

const ends = (await consumer.listOffsets({ topics: [topic], isolationLevel })).get(topic) ?? []
const stream = await consumer.consume({ topics: [topic], mode: 'earliest', isolationLevel, autocommit: false, maxWaitTime: 100 })
// The ends of transactions take offsets, too, so the last record says nothing: the position does.
const isBehind = () => ends.some((end, partition) => (stream.offsetsToFetch.get(`${topic}:${partition}`) ?? 0n) < end)
stream.on('fetch', () => isBehind() || stream.close())
for await (const message of stream) take(message)
await consumer.close(true)

for (const [chat, view] of [...table].sort(([a], [b]) => (a < b ? -1 : 1))) {
  if (view) console.log(chat, view.status, view.phase ?? '-', view.revision)
}
