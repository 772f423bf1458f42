// Writes what a platform writes: goals first, then four chats and a purchase of one channel. Usage: writer.ts CHANNEL

import kafkajs from 'kafkajs'

const { Kafka, logLevel, Partitioners } = kafkajs
const channel = process.argv[2] ?? 'shop'
const brokers = (process.env.KAFKA_BOOTSTRAP ?? 'localhost:9092').split(',')
const kafka = new Kafka({ clientId: 'writer', brokers, logLevel: logLevel.ERROR })
// Idempotent: all replicas have a record before it counts as written. The default partitioner is that of the Java client.
const producer = kafka.producer({ idempotent: true, createPartitioner: Partitioners.DefaultPartitioner })

/** Resolves when Kafka has it. */
async function write(topic: string, key: string, body: object): Promise<void> {
  const value = JSON.stringify({ channelId: channel, at: Date.now(), ...body })
  await producer.send({ topic, messages: [{ key, value }] })
}

await producer.connect()
// Goal changes lead: nothing is judged by one that comes into the log after it.
await write('goal.changes', channel, { subscriptionSet: { active: true } })
await write('goal.changes', channel, { goalSet: { eventName: 'Purchase', days: 7 } })

for (const letter of ['a', 'b', 'c', 'd']) {
  const chatId = `${channel}-${letter}`
  const customerId = `customer-of-${chatId}`
  await write('chat.events', chatId, { chatId, customerMessage: { customerId } })
  if (letter < 'c') await write('chat.events', chatId, { chatId, managerReply: { managerId: 'mia' } })
  if (letter === 'a') {
    const id = `order-of-${chatId}`
    await write('customer.events', customerId, { id, customerId, tracked: { name: 'Purchase' } })
  }
  if (letter === 'd') await write('chat.events', chatId, { chatId, chatDeleted: {} })
}
await producer.disconnect()
