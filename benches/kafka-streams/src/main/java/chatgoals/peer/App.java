package chatgoals.peer;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.LogAndContinueExceptionHandler;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.state.Stores;

/** Chat goals on Kafka Streams. Settings come from the environment; see the README. */
public final class App {
    private App() {}

    public static void main(String[] args) throws Exception {
        String applicationId = env("APPLICATION_ID", "chat-goals-streams");
        Properties config = config(applicationId);
        createTopics(config, applicationId);

        KafkaStreams streams = new KafkaStreams(topology(applicationId), config);
        streams.setUncaughtExceptionHandler(e -> StreamThreadExceptionResponse.REPLACE_THREAD);
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            streams.close(Duration.ofSeconds(20));
            stopped.countDown();
        }));
        streams.start();
        stopped.await();
    }

    static Topology topology(String applicationId) {
        String trackedByChat = Names.trackedByChat(applicationId);
        String links = Names.links(applicationId);
        String contributions = Names.contributions(applicationId);
        Duration publishEvery = Duration.ofMillis(Long.parseLong(env("COUNTERS_PUBLISH_MS", "500")));
        StringDeserializer key = new StringDeserializer();
        StringSerializer keyOut = new StringSerializer();
        Deserializer<GoalEvent> goalEvent = Forms.reader(b -> GoalEvent.read(new Bin.Reader(b)));
        Deserializer<CustomerInput.Link> link = Forms.reader(b -> CustomerInput.Link.read(new Bin.Reader(b)));

        Topology t = new Topology();
        t.addGlobalStore(
                Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(Names.SETTINGS_STORE), Serdes.String(), Serdes.ByteArray())
                        .withLoggingDisabled(),
                "goal-changes", key, new ByteArrayDeserializer(), Names.GOAL_CHANGES, "settings", Settings.Keeper::new);

        t.addSource("chat-events", key, Forms.json(Json::chatEvent), Names.CHAT_EVENTS);
        t.addSource("tracked-by-chat", key, goalEvent, trackedByChat);
        t.addProcessor("chats", ChatProcessor::new, "chat-events", "tracked-by-chat");
        t.addStateStore(Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(Names.CHAT_STORE), Serdes.String(),
                Forms.serde(Chat::toBytes, Chat::fromBytes)).withCachingEnabled(), "chats");
        t.addStateStore(Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(Names.DEADLINE_STORE), Serdes.Bytes(),
                Serdes.ByteArray()).withCachingEnabled(), "chats");
        t.addSink(ChatProcessor.STATUS_SINK, Names.STATUS_CHANGED, keyOut, new ByteArraySerializer(), "chats");
        t.addSink(ChatProcessor.LINK_SINK, links, keyOut, Forms.<CustomerInput.Link>writer(Forms::bytes), "chats");
        t.addSink(ChatProcessor.CONTRIBUTION_SINK, contributions, keyOut, Forms.writer(Contribution::toBytes), "chats");

        t.addSource("customer-events", key, Forms.json(Json::customerEvent), Names.CUSTOMER_EVENTS);
        t.addSource("links", key, link, links);
        t.addProcessor("customers", CustomerProcessor::new, "customer-events", "links");
        t.addStateStore(Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(Names.CUSTOMER_STORE), Serdes.String(),
                Forms.serde(Customer::toBytes, Customer::fromBytes)).withCachingEnabled(), "customers");
        t.addSink("tracked-sink", trackedByChat, keyOut, Forms.<GoalEvent>writer(Forms::bytes), "customers");

        t.addSource("contributions", key, Forms.reader(Contribution::fromBytes), contributions);
        t.addProcessor("managers", () -> new ManagerProcessor(publishEvery), "contributions");
        t.addStateStore(Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(Names.COUNTER_STORE), Serdes.String(),
                Forms.serde(Counter::toBytes, Counter::fromBytes)).withCachingEnabled(), "managers");
        t.addSink("counter-sink", Names.GOAL_COUNTERS, keyOut, new ByteArraySerializer(), "managers");
        return t;
    }

    private static Properties config(String applicationId) {
        Properties p = new Properties();
        p.put(StreamsConfig.APPLICATION_ID_CONFIG, applicationId);
        p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, env("BOOTSTRAP", "localhost:9092"));
        p.put(StreamsConfig.STATE_DIR_CONFIG, env("STATE_DIR", "state"));
        p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, env("THREADS", "2"));
        p.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, env("CACHE_BYTES", "16777216"));
        p.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, env("REPLICATION_FACTOR", "-1"));
        p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, env("COMMIT_INTERVAL_MS", "100"));
        p.put(StreamsConfig.DESERIALIZATION_EXCEPTION_HANDLER_CLASS_CONFIG, LogAndContinueExceptionHandler.class);
        p.put(StreamsConfig.ERRORS_DEAD_LETTER_QUEUE_TOPIC_NAME_CONFIG, Names.DEAD_LETTERS);
        p.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), env("COMPRESSION", "lz4"));
        p.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), env("LINGER_MS", "100"));
        p.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), env("BATCH_SIZE", "131072"));
        p.put(StreamsConfig.producerPrefix(ProducerConfig.BUFFER_MEMORY_CONFIG), env("BUFFER_MEMORY", "67108864"));
        p.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), env("MAX_POLL_RECORDS", "2000"));
        p.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), env("SESSION_TIMEOUT_MS", "45000"));
        return p;
    }

    /** The topics between the stages, with as many partitions as what they are read together with. */
    private static void createTopics(Properties config, String applicationId) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", config.get(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG)))) {
            Map<String, TopicDescription> inputs =
                    admin.describeTopics(List.of(Names.CHAT_EVENTS, Names.CUSTOMER_EVENTS)).allTopicNames().get();
            int chats = inputs.get(Names.CHAT_EVENTS).partitions().size();
            int customers = inputs.get(Names.CUSTOMER_EVENTS).partitions().size();
            var existing = admin.listTopics().names().get();
            List<NewTopic> missing = new ArrayList<>();
            for (Map.Entry<String, Integer> topic : Map.of(Names.trackedByChat(applicationId), chats,
                    Names.links(applicationId), customers, Names.contributions(applicationId), chats).entrySet()) {
                if (existing.contains(topic.getKey())) continue;
                // Records carry the time of what happened, so age says nothing here: kept by size.
                missing.add(new NewTopic(topic.getKey(), java.util.Optional.of(topic.getValue()), java.util.Optional.empty())
                        .configs(Map.of("retention.ms", "-1", "retention.bytes", "1073741824", "segment.bytes", "134217728")));
            }
            admin.createTopics(missing).all().get();
        }
    }

    private static String env(String name, String otherwise) {
        String value = System.getenv(name);
        return value == null || value.isEmpty() ? otherwise : value;
    }
}
