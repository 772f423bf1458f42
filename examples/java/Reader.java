// Builds the table of all chats' statuses from the compacted topic, prints it, and ends when it has caught up.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

class Reader {
    static final String TOPIC = "goal.status-changed";
    static final ObjectMapper JSON = new ObjectMapper();
    final Map<String, JsonNode> table = new TreeMap<>();
    final Map<String, Integer> revisions = new HashMap<>();

    public static void main(String[] args) throws Exception {
        var bootstrap = System.getenv().getOrDefault("KAFKA_BOOTSTRAP", "localhost:9092");
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap, "isolation.level", "read_committed");
        var reader = new Reader();
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            var partitions = consumer.partitionsFor(TOPIC).stream().map(of -> new TopicPartition(TOPIC, of.partition())).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            var ends = consumer.endOffsets(partitions);
            // The ends of transactions take offsets, too, so the last record says nothing: the position does.
            while (partitions.stream().anyMatch(of -> consumer.position(of) < ends.get(of)))
                for (var record : consumer.poll(Duration.ofMillis(100))) reader.take(record);
        }
        reader.table.forEach((chat, view) -> System.out.println(String.join(" ",
            chat, view.get("status").asText(), view.path("phase").asText("-"), view.get("revision").asText())));
    }

    void take(ConsumerRecord<String, String> record) throws Exception {
        var view = record.value() == null ? null : JSON.readTree(record.value());
        // A tombstone is a chat that was deleted; its revision is in the header.
        var revision = view != null ? view.get("revision").asInt()
            : Integer.parseInt(new String(record.headers().lastHeader("revision").value()));
        var seen = revisions.get(record.key());
        if (seen != null && revision <= seen) return;
        if (seen != null && revision > seen + 1)
            System.err.printf("%s: revisions %d to %d were missed%n", record.key(), seen + 1, revision - 1);
        revisions.put(record.key(), revision);
        if (view == null) table.remove(record.key());
        else table.put(record.key(), view);
    }
}
