import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * The work in Kafka Streams, with its Processor API: one processor with two persistent stores (RocksDB, cached, logged).
 * As in stage 1 of the pipeline, cells are those of one source partition: nothing is sent through another topic.
 * The one argument is the processing guarantee; the rest is in the environment, as benchmarks/peers/work.py reads it.
 */
public final class LeadKpis {
    private static final long[] LIMITS = {300_000, 900_000, 3_600_000, 14_400_000, 86_400_000};
    private static final long WINDOW = 300_000;
    private static final int FIELDS = 11;
    private static final List<String> TOPICS = List.of("leads", "calls", "emails", "deals");

    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Data(String team) {}

    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Event(String type, String time, Data data) {}

    /** What is known of a lead: the earliest engagement and touch, the latest reply; milliseconds, null where unknown. */
    public record Lead(Long engaged, String team, Long touched, String touchTeam, Long replied) {
        static final Lead NOTHING = new Lead(null, null, null, null, null);

        Lead with(Event event) {
            return switch (event.type()) {
                case "lead.engaged" -> {
                    long at = millis(event.time());
                    yield engaged == null || at < engaged ? new Lead(at, event.data().team(), touched, touchTeam, replied) : this;
                }
                case "call.completed", "email.sent" -> {
                    long at = millis(event.time());
                    yield touched == null || at < touched ? new Lead(engaged, team, at, event.data().team(), replied) : this;
                }
                case "email.replied" -> {
                    long at = millis(event.time());
                    yield replied == null || at > replied ? new Lead(engaged, team, touched, touchTeam, at) : this;
                }
                default -> this;
            };
        }

        private static long millis(String time) {
            return Instant.parse(time).toEpochMilli();
        }
    }

    /** Fixed fields first, then the two teams; the least instant stands for an unknown one. */
    static final class LeadSerde implements Serde<Lead> {
        private static final long UNKNOWN = Long.MIN_VALUE;

        @Override
        public org.apache.kafka.common.serialization.Serializer<Lead> serializer() {
            return (topic, lead) -> {
                if (lead == null) {
                    return null;
                }
                byte[] team = bytes(lead.team());
                byte[] touchTeam = bytes(lead.touchTeam());
                return ByteBuffer.allocate(26 + team.length + touchTeam.length)
                        .putLong(lead.engaged() == null ? UNKNOWN : lead.engaged())
                        .putLong(lead.touched() == null ? UNKNOWN : lead.touched())
                        .putLong(lead.replied() == null ? UNKNOWN : lead.replied())
                        .putShort((short) team.length).put(team).put(touchTeam).array();
            };
        }

        @Override
        public org.apache.kafka.common.serialization.Deserializer<Lead> deserializer() {
            return (topic, data) -> {
                if (data == null) {
                    return null;
                }
                ByteBuffer buffer = ByteBuffer.wrap(data);
                Long engaged = instant(buffer);
                Long touched = instant(buffer);
                Long replied = instant(buffer);
                int length = buffer.getShort();
                String team = engaged == null ? null : new String(data, 26, length, StandardCharsets.UTF_8);
                String touchTeam = touched == null
                        ? null : new String(data, 26 + length, data.length - 26 - length, StandardCharsets.UTF_8);
                return new Lead(engaged, team, touched, touchTeam, replied);
            };
        }

        private static byte[] bytes(String text) {
            return text == null ? new byte[0] : text.getBytes(StandardCharsets.UTF_8);
        }

        private static Long instant(ByteBuffer buffer) {
            long at = buffer.getLong();
            return at == UNKNOWN ? null : at;
        }
    }

    static final class CellSerde implements Serde<long[]> {
        @Override
        public org.apache.kafka.common.serialization.Serializer<long[]> serializer() {
            return (topic, cell) -> {
                if (cell == null) {
                    return null;
                }
                ByteBuffer buffer = ByteBuffer.allocate(8 * FIELDS);
                buffer.asLongBuffer().put(cell);
                return buffer.array();
            };
        }

        @Override
        public org.apache.kafka.common.serialization.Deserializer<long[]> deserializer() {
            return (topic, data) -> {
                if (data == null) {
                    return null;
                }
                long[] cell = new long[FIELDS];
                ByteBuffer.wrap(data).asLongBuffer().get(cell);
                return cell;
            };
        }
    }

    /** When the first event was read, and half of them, in files that the benchmark watches. */
    static final class Marks {
        private final Path directory = Path.of(env("PEERS_DIRECTORY"));
        private final long half = Long.parseLong(env("PEERS_EVENTS")) / 2;
        private long seen;

        void seen() {
            seen++;
            if (seen == 1) {
                mark("consuming");
            }
            if (seen == half) {
                mark("half");
            }
        }

        private void mark(String name) {
            try {
                Path made = Files.writeString(directory.resolve(name + ".making"), Long.toString(System.nanoTime()));
                Files.move(made, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException error) {
                throw new IllegalStateException(error);
            }
        }
    }

    static final class Follow implements Processor<String, byte[], String, String> {
        private final ObjectReader reader = new ObjectMapper()
                .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false).readerFor(Event.class);
        private final Set<String> dirty = new HashSet<>();
        private final Marks marks;
        private ProcessorContext<String, String> context;
        private KeyValueStore<String, Lead> leads;
        private KeyValueStore<String, long[]> cells;

        Follow(Marks marks) {
            this.marks = marks;
        }

        @Override
        public void init(ProcessorContext<String, String> given) {
            context = given;
            leads = context.getStateStore("leads");
            cells = context.getStateStore("cells");
            // What was committed before a crash, and not yet published, is published by whoever takes over.
            try (var all = cells.all()) {
                all.forEachRemaining(entry -> dirty.add(entry.key));
            }
            context.schedule(Duration.ofSeconds(1), PunctuationType.WALL_CLOCK_TIME, now -> publish(now));
        }

        @Override
        public void process(Record<String, byte[]> record) {
            marks.seen();
            Event event;
            try {
                event = reader.readValue(record.value());
            } catch (IOException error) {
                throw new IllegalStateException(error);
            }
            Lead before = leads.get(record.key());
            if (before == null) {
                before = Lead.NOTHING;
            }
            Lead after = before.with(event);
            if (after != before) {
                leads.put(record.key(), after);
                change(before, after);
            }
        }

        private void change(Lead before, Lead after) {
            long[] old = cohort(before);
            long[] made = cohort(after);
            String oldKey = key(before, before.engaged());
            String newKey = key(after, after.engaged());
            if (!Arrays.equals(old, made) || oldKey != null && !oldKey.equals(newKey)) {
                add(oldKey, old, -1);
                add(newKey, made, 1);
            }
            old = contacted(before);
            made = contacted(after);
            oldKey = key(before, before.touched());
            newKey = key(after, after.touched());
            if (!Arrays.equals(old, made) || oldKey != null && !oldKey.equals(newKey)) {
                add(oldKey, old, -1);
                add(newKey, made, 1);
            }
        }

        /** What a lead adds to the cell of the window that it engaged in. */
        private static long[] cohort(Lead lead) {
            long[] cell = new long[FIELDS];
            if (lead.engaged() != null) {
                cell[0] = 1;
                if (lead.touched() != null) {
                    long waited = Math.max(0, lead.touched() - lead.engaged());
                    cell[1] = 1;
                    cell[2] = waited;
                    for (int limit = 0; limit < LIMITS.length; limit++) {
                        cell[3 + limit] = waited <= LIMITS[limit] ? 1 : 0;
                    }
                    cell[8] = cell[7];
                }
            }
            return cell;
        }

        /** What a lead adds to the cell of the window that it was first touched in. */
        private static long[] contacted(Lead lead) {
            long[] cell = new long[FIELDS];
            if (lead.touched() != null) {
                cell[9] = 1;
                cell[10] = lead.replied() != null && lead.replied() >= lead.touched() ? 1 : 0;
            }
            return cell;
        }

        private static String key(Lead lead, Long at) {
            if (at == null) {
                return null;
            }
            String team = lead.touchTeam() == null ? lead.team() : lead.touchTeam();
            return team + "|" + (at - at % WINDOW);
        }

        private void add(String key, long[] change, int sign) {
            if (key == null) {
                return;
            }
            long[] cell = cells.get(key);
            if (cell == null) {
                cell = new long[FIELDS];
            }
            for (int field = 0; field < FIELDS; field++) {
                cell[field] += sign * change[field];
            }
            cells.put(key, cell);
            dirty.add(key);
        }

        private void publish(long now) {
            int partition = context.taskId().partition();
            for (String key : dirty) {
                int bar = key.indexOf('|');
                String value = "{\"team\":\"" + key.substring(0, bar) + "\",\"start\":" + key.substring(bar + 1)
                        + ",\"cell\":" + Arrays.toString(cells.get(key)) + "}";
                context.forward(new Record<>(partition + "|" + key, value, now));
            }
            dirty.clear();
        }
    }

    private static String env(String name) {
        return System.getenv(name);
    }

    public static void main(String[] args) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, env("PEERS_GROUP"));
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, env("PEERS_KAFKA"));
        settings.put(StreamsConfig.STATE_DIR_CONFIG, env("PEERS_DIRECTORY") + "/state");
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, args[0]);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1000);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        Marks marks = new Marks();
        String[] topics = TOPICS.stream().map(topic -> env("PEERS_INPUT") + "." + topic).toArray(String[]::new);
        Topology topology = new Topology();
        topology.addSource("events", new StringDeserializer(), Serdes.ByteArray().deserializer(), topics);
        topology.addProcessor("follow", () -> new Follow(marks), "events");
        topology.addStateStore(Stores.keyValueStoreBuilder(
                Stores.persistentKeyValueStore("leads"), Serdes.String(), new LeadSerde()).withCachingEnabled(), "follow");
        topology.addStateStore(Stores.keyValueStoreBuilder(
                Stores.persistentKeyValueStore("cells"), Serdes.String(), new CellSerde()).withCachingEnabled(), "follow");
        topology.addSink("results", env("PEERS_RESULTS"), new StringSerializer(), new StringSerializer(), "follow");
        KafkaStreams streams = new KafkaStreams(topology, settings);
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            return StreamThreadExceptionResponse.SHUTDOWN_APPLICATION;
        });
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
    }
}
