import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;

public class PgService {
    public static void main(String[] args) throws Exception {
        System.out.println("pricing-batch 1.3.0 starting");
        try (Connection connection = DriverManager.getConnection(Settings.url(), Settings.properties());
             Statement statement = connection.createStatement()) {
            statement.execute(Settings.get("STATEMENT"));
        }
    }
}
