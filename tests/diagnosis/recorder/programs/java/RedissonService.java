import java.io.File;
import org.redisson.Redisson;
import org.redisson.config.Config;
import org.redisson.config.SingleServerConfig;

public class RedissonService {
    public static void main(String[] args) throws Exception {
        Config config = new Config();
        SingleServerConfig one = config.useSingleServer().setDatabase(Integer.parseInt(Settings.get("REDIS_DB")))
            .setAddress((Settings.get("REDIS_TLS").equals("yes") ? "rediss://" : "redis://") + Settings.get("REDIS_HOST") + ":" + Settings.get("REDIS_PORT"))
            .setConnectTimeout(3000).setTimeout(3000).setRetryAttempts(1).setConnectionMinimumIdleSize(1).setConnectionPoolSize(2);
        if (!Settings.get("REDIS_USERNAME").isEmpty()) one.setUsername(Settings.get("REDIS_USERNAME"));
        if (!Settings.get("REDIS_PASSWORD").isEmpty()) one.setPassword(Settings.get("REDIS_PASSWORD"));
        Redisson.create(config).getBucket("price:gpt").set("5");
        System.exit(0);
    }
}
