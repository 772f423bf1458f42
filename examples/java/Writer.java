// Writes what a platform writes: goals first, then four chats and a purchase of one channel. Usage: Writer.java CHANNEL

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

record Writer(KafkaProducer<String, String> producer, String channel) {
    static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] args) throws Exception {
        var bootstrap = System.getenv().getOrDefault("KAFKA_BOOTSTRAP", "localhost:9092");
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap); // Idempotent, with acks=all, by default.
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            new Writer(producer, args[0]).story();
        }
    }

    void story() throws Exception {
        // Goal changes lead: nothing is judged by one that comes into the log after it.
        write("goal.changes", channel, Map.of("subscriptionSet", Map.of("active", true)));
        write("goal.changes", channel, Map.of("goalSet", Map.of("eventName", "Purchase", "days", 7)));
        for (var letter : List.of("a", "b", "c", "d")) {
            var chat = channel + "-" + letter;
            var customer = "customer-of-" + chat;
            write("chat.events", chat, Map.of("chatId", chat, "customerMessage", Map.of("customerId", customer)));
            if (letter.equals("a") || letter.equals("b"))
                write("chat.events", chat, Map.of("chatId", chat, "managerReply", Map.of("managerId", "mia")));
            if (letter.equals("a"))
                write("customer.events", customer, Map.of(
                    "id", "order-of-" + chat, "customerId", customer, "tracked", Map.of("name", "Purchase")));
            if (letter.equals("d"))
                write("chat.events", chat, Map.of("chatId", chat, "chatDeleted", Map.of()));
        }
    }

    /** Returns when Kafka has it. */
    void write(String topic, String key, Map<String, Object> body) throws Exception {
        var record = new HashMap<>(body);
        record.put("channelId", channel);
        record.put("at", System.currentTimeMillis());
        producer.send(new ProducerRecord<>(topic, key, JSON.writeValueAsString(record))).get();
    }
}
