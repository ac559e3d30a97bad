import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import liquibase.command.CommandScope;
import liquibase.resource.DirectoryResourceAccessor;
import liquibase.Scope;

public class LiquibaseService {
    public static void main(String[] args) throws Exception {
        Path folder = Files.createTempDirectory("changes");
        Files.writeString(folder.resolve("changelog.sql"), "--liquibase formatted sql\n--changeset app:1\n" + Settings.get("STATEMENT") + "\n");
        StringBuilder more = new StringBuilder();
        Properties all = Settings.properties();
        for (String name : all.stringPropertyNames())
            if (!name.equals("user") && !name.equals("password")) more.append(more.length() == 0 ? "?" : "&").append(name).append("=").append(all.getProperty(name));
        Scope.child(Scope.Attr.resourceAccessor, new DirectoryResourceAccessor(folder), () ->
            new CommandScope("update").addArgumentValue("changelogFile", "changelog.sql").addArgumentValue("url", Settings.url() + more)
                .addArgumentValue("username", Settings.get("DB_USER")).addArgumentValue("password", Settings.get("DB_PASSWORD")).execute());
    }
}
