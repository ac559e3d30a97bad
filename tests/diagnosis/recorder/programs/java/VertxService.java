import io.vertx.core.Vertx;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.ClientSSLOptions;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.SslMode;
import io.vertx.sqlclient.PoolOptions;
import java.util.concurrent.TimeUnit;

public class VertxService {
    public static void main(String[] args) throws Exception {
        PgConnectOptions at = new PgConnectOptions().setHost(Settings.get("DB_HOST")).setPort(Integer.parseInt(Settings.get("DB_PORT")))
            .setUser(Settings.get("DB_USER")).setDatabase(Settings.get("DB_NAME"))
            .setSslMode(SslMode.of(Settings.get("DB_SSLMODE")));
        if (!Settings.get("DB_PASSWORD").isEmpty()) at.setPassword(Settings.get("DB_PASSWORD"));
        if (!Settings.get("DB_SSLMODE").equals("disable")) {
            ClientSSLOptions encryption = new ClientSSLOptions().setHostnameVerificationAlgorithm("HTTPS").setTrustAll(Settings.get("DB_SSLMODE").equals("require"));
            if (!Settings.get("DB_SSLROOTCERT").isEmpty()) encryption.setTrustOptions(new PemTrustOptions().addCertPath(Settings.get("DB_SSLROOTCERT")));
            at.setSslOptions(encryption);
        }
        Vertx vertx = Vertx.vertx();
        try {
            PgBuilder.pool().with(new PoolOptions().setMaxSize(2).setConnectionTimeout(4).setConnectionTimeoutUnit(TimeUnit.SECONDS)).connectingTo(at).using(vertx).build()
                .query(Settings.get("STATEMENT")).execute().toCompletionStage().toCompletableFuture().get(8, TimeUnit.SECONDS);
        } catch (Exception error) {
            System.err.println("Failed in deploying verticle");
            error.printStackTrace();
            System.exit(15);
        }
        System.exit(0);
    }
}
