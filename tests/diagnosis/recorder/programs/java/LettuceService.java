import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

public class LettuceService {
    private static final Logger log = LoggerFactory.getLogger(LettuceService.class);

    public static void main(String[] args) {
        log.info("Starting token service");
        RedisURI.Builder at = RedisURI.builder().withHost(Settings.get("REDIS_HOST")).withPort(Integer.parseInt(Settings.get("REDIS_PORT")))
            .withDatabase(Integer.parseInt(Settings.get("REDIS_DB"))).withSsl(Settings.get("REDIS_TLS").equals("yes")).withTimeout(Duration.ofSeconds(3));
        String user = Settings.get("REDIS_USERNAME");
        String password = Settings.get("REDIS_PASSWORD");
        if (!user.isEmpty()) at.withAuthentication(user, password.toCharArray());
        else if (!password.isEmpty()) at.withPassword(password.toCharArray());
        RedisClient client = RedisClient.create(at.build());
        client.setOptions(ClientOptions.builder().socketOptions(SocketOptions.builder().connectTimeout(Duration.ofSeconds(3)).build()).build());
        try (StatefulRedisConnection<String, String> connection = client.connect()) {
            String[] words = Settings.get("COMMAND").split(" ");
            connection.sync().set(words[1], words[2]);
            System.exit(0);
        } catch (RuntimeException e) {
            log.error("Token store failed", e);
            System.exit(1);
        }
    }
}
