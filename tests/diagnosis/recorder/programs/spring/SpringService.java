package com.acme.reports;

import java.time.Duration;
import org.springframework.boot.CommandLineRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.jdbc.core.JdbcTemplate;

@SpringBootApplication
public class SpringService {
    public static void main(String[] args) { SpringApplication.run(SpringService.class, args); }

    @Bean
    CommandLineRunner firstQuery(Environment environment, JdbcTemplate jdbc, StringRedisTemplate redis) {
        return args -> {
            String uses = environment.getProperty("USES", "");
            if (uses.equals("database")) jdbc.execute(environment.getRequiredProperty("STATEMENT"));
            if (uses.equals("cache")) redis.opsForValue().set("price:gpt", "5");
            if (uses.equals("placeholder")) environment.resolveRequiredPlaceholders("${PRICING_API_KEY}");
        };
    }
}
