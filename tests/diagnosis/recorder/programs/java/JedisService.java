import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Protocol;

public class JedisService {
    public static void main(String[] args) {
        System.out.println("[main] INFO cart - starting");
        DefaultJedisClientConfig.Builder config = DefaultJedisClientConfig.builder()
            .connectionTimeoutMillis(3000).socketTimeoutMillis(3000).database(Integer.parseInt(Settings.get("REDIS_DB")))
            .ssl(Settings.get("REDIS_TLS").equals("yes"));
        if (!Settings.get("REDIS_USERNAME").isEmpty()) config.user(Settings.get("REDIS_USERNAME"));
        if (!Settings.get("REDIS_PASSWORD").isEmpty()) config.password(Settings.get("REDIS_PASSWORD"));
        HostAndPort at = new HostAndPort(Settings.get("REDIS_HOST"), Integer.parseInt(Settings.get("REDIS_PORT")));
        String[] words = Settings.get("COMMAND").split(" ");
        try (Jedis jedis = new Jedis(at, config.build())) {
            String[] rest = java.util.Arrays.copyOfRange(words, 1, words.length);
            jedis.sendCommand(Protocol.Command.valueOf(words[0]), rest);
        }
    }
}
