import java.util.Properties;

/** What the chart tells a service, as pgjdbc wants it. */
final class Settings {
    static String get(String name) { return System.getenv().getOrDefault(name, ""); }

    static String url() { return "jdbc:postgresql://" + get("DB_HOST") + ":" + get("DB_PORT") + "/" + get("DB_NAME"); }

    static Properties properties() {
        Properties all = new Properties();
        all.setProperty("user", get("DB_USER"));
        if (!get("DB_PASSWORD").isEmpty()) all.setProperty("password", get("DB_PASSWORD"));
        all.setProperty("sslmode", get("DB_SSLMODE"));
        if (!get("DB_SSLROOTCERT").isEmpty()) all.setProperty("sslrootcert", get("DB_SSLROOTCERT"));
        all.setProperty("connectTimeout", get("TIMEOUT"));
        all.setProperty("socketTimeout", get("TIMEOUT"));
        all.setProperty("loginTimeout", get("TIMEOUT"));
        return all;
    }
}
