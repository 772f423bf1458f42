// Builds the table of all chats' statuses from the compacted topic, prints it, and ends when it has caught up.

import kafkajs, { type KafkaMessage } from 'kafkajs'
import { compressFrame, decompressFrame } from 'lz4-napi'

const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs
type View = { revision: number; status: string; phase?: string }

// The processor writes LZ4, which this client leaves to others.
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: ({ buffer }: { buffer: Buffer }) => compressFrame(buffer),
  decompress: (buffer: Buffer) => decompressFrame(buffer),
})
const topic = 'goal.status-changed'
const brokers = (process.env.KAFKA_BOOTSTRAP ?? 'localhost:9092').split(',')
const kafka = new Kafka({ clientId: 'reader', brokers, logLevel: logLevel.ERROR })
const [admin, consumer] = [kafka.admin(), kafka.consumer({ groupId: `table-${process.pid}`, maxWaitTimeInMs: 100 })]
const table = new Map<string, View | undefined>()
const revisions = new Map<string, number>()

function take({ key, value, headers }: KafkaMessage): void {
  const chat = String(key)
  const view: View | undefined = value ? JSON.parse(String(value)) : undefined
  // A tombstone is a chat that was deleted; its revision is in the header.
  const revision = view?.revision ?? Number(headers?.revision)
  const seen = revisions.get(chat)
  if (seen !== undefined && revision <= seen) return
  if (seen !== undefined && revision > seen + 1) {
    console.error(`${chat}: revisions ${seen + 1} to ${revision - 1} were missed`)
  }
  revisions.set(chat, revision)
  table.set(chat, view)
}

await Promise.all([admin.connect(), consumer.connect()])
const behind = new Map<number, bigint>()
for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
  if (BigInt(low) < BigInt(high)) behind.set(partition, BigInt(high))
}
// It reads what is committed only. The ends of transactions take offsets, too, so the last record says nothing: the position does.
const caughtUp = new Promise<void>((done) => {
  if (behind.size === 0) done()
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { partition, lastOffset } }) => {
    if (BigInt(lastOffset) + 1n >= (behind.get(partition) ?? 0n)) behind.delete(partition)
    if (behind.size === 0) done()
  })
})
await consumer.subscribe({ topics: [topic], fromBeginning: true })
await consumer.run({ autoCommit: false, eachMessage: async ({ message }) => take(message) })
await caughtUp
await Promise.all([consumer.disconnect(), admin.disconnect()])

for (const [chat, view] of [...table].sort(([a], [b]) => (a < b ? -1 : 1))) {
  if (view) console.log(chat, view.status, view.phase ?? '-', view.revision)
}
