import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

public class LocalService {
    public static void main(String[] args) throws Exception {
        System.out.println("ledger 2.0 starting");
        switch (args[0]) {
            case "port" -> {
                int number = Integer.parseInt(Settings.get("LISTEN").split(":")[1]);
                ServerSocketChannel.open().bind(new InetSocketAddress(number));
            }
            case "file" -> Files.readString(Path.of(Settings.get("CONFIG")));
            case "write" -> Files.writeString(Path.of(Settings.get("OUTPUT")), "1");
            case "json" -> new ObjectMapper().readValue(Path.of(Settings.get("CONFIG")).toFile(), Map.class);
            case "environment" -> {
                String key = System.getenv("PRICING_API_KEY");
                if (key == null) throw new IllegalStateException("Environment variable PRICING_API_KEY must be set");
            }
            case "heap" -> {
                List<long[]> all = new ArrayList<>();
                while (true) all.add(new long[100_000]);
            }
            case "module" -> Class.forName("com.acme.pricing.Rules");
            case "null" -> {
                Map<String, String> prices = Map.of();
                System.out.println(prices.get("gpt").length());
            }
            default -> System.exit(64);
        }
    }
}
