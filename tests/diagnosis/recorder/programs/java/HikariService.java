import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

public class HikariService {
    private static final Logger log = LoggerFactory.getLogger(HikariService.class);

    public static void main(String[] args) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(Settings.url());
        config.setDataSourceProperties(Settings.properties());
        config.setMaximumPoolSize(2);
        config.setConnectionTimeout(4000);
        config.setInitializationFailTimeout(args.length > 0 ? -1 : 1);
        log.info("Starting report service");
        try (HikariDataSource source = new HikariDataSource(config);
             Connection connection = source.getConnection();
             Statement statement = connection.createStatement()) {
            statement.execute(Settings.get("STATEMENT"));
        } catch (SQLException | RuntimeException e) {
            log.error("Database is not usable", e);
            System.exit(1);
        }
    }
}
