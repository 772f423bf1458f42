"""Writes what a platform writes: goals first, then four chats and a purchase of one channel. Usage: writer.py CHANNEL"""

import json
import os
import sys
import time

from confluent_kafka import KafkaException, Producer

channel = sys.argv[1]
producer = Producer({
    "bootstrap.servers": os.environ.get("KAFKA_BOOTSTRAP", "localhost:9092"),
    "enable.idempotence": True,
    "partitioner": "murmur2_random",  # The Java client's choice, which is where the processor looks for a key.
})


def delivered(error, _):
    if error:
        raise KafkaException(error)


def write(topic, key, **record):
    record |= {"channelId": channel, "at": time.time_ns() // 1_000_000}
    producer.produce(topic, key=key, value=json.dumps(record), on_delivery=delivered)


write("goal.changes", channel, subscriptionSet={"active": True})
write("goal.changes", channel, goalSet={"eventName": "Purchase", "days": 7})
producer.flush()  # Goal changes lead: nothing is judged by one that comes into the log after it.

for number, chat in enumerate(f"{channel}-{letter}" for letter in "abcd"):
    customer = f"customer-of-{chat}"
    write("chat.events", chat, chatId=chat, customerMessage={"customerId": customer})
    if number < 2:
        write("chat.events", chat, chatId=chat, managerReply={"managerId": "mia"})
    if number == 0:
        write("customer.events", customer, id=f"order-of-{chat}", customerId=customer, tracked={"name": "Purchase"})
    if number == 3:
        write("chat.events", chat, chatId=chat, chatDeleted={})
producer.flush()
