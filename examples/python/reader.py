"""Builds the table of all chats' statuses from the compacted topic, prints it, and ends when it has caught up."""

import json
import os
import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

TOPIC = "goal.status-changed"
consumer = Consumer({
    "bootstrap.servers": os.environ.get("KAFKA_BOOTSTRAP", "localhost:9092"),
    "group.id": "table",  # Asked for, and never committed to.
    "enable.auto.commit": False,
    "isolation.level": "read_committed",
    "enable.partition.eof": True,
})
table, revisions = {}, {}


def take(message):
    chat, view = message.key().decode(), message.value() and json.loads(message.value())
    # A tombstone is a chat that was deleted; its revision is in the header.
    revision = view["revision"] if view else int(dict(message.headers())["revision"])
    seen = revisions.get(chat)
    if seen is not None and revision <= seen:
        return
    if seen is not None and revision > seen + 1:
        print(f"{chat}: revisions {seen + 1} to {revision - 1} were missed", file=sys.stderr)
    revisions[chat] = revision
    table[chat] = view


partitions = [TopicPartition(TOPIC, p, OFFSET_BEGINNING) for p in consumer.list_topics(TOPIC).topics[TOPIC].partitions]
ends = {of.partition: consumer.get_watermark_offsets(of)[1] for of in partitions}
consumer.assign(partitions)
behind = {partition for partition, end in ends.items() if end > 0}
while behind:
    message = consumer.poll()
    # The ends of transactions take offsets, too, so the last record says nothing: the position does.
    if not message.error():
        take(message)
    elif message.error().code() != KafkaError._PARTITION_EOF:
        raise KafkaException(message.error())
    elif message.offset() >= ends[message.partition()]:
        behind.discard(message.partition())
consumer.close()

for chat, view in sorted(table.items()):
    if view:
        print(chat, view["status"], view.get("phase", "-"), view["revision"])
