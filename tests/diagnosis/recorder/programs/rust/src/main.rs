//! One small service of each client; the first argument says of which.
use redis::AsyncCommands;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::Executor;
use std::env;
use std::time::Duration;

fn get(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

fn words() -> String {
    let mut text = format!(
        "host={} port={} user={} dbname={} connect_timeout={} sslmode={}",
        get("DB_HOST"), get("DB_PORT"), get("DB_USER"), get("DB_NAME"), get("TIMEOUT"),
        if get("DB_SSLMODE") == "disable" { "disable" } else { "require" }
    );
    if !get("DB_PASSWORD").is_empty() {
        text += &format!(" password={}", get("DB_PASSWORD"));
    }
    text
}

async fn bare() {
    println!("listening soon");
    let (client, connection) = tokio_postgres::connect(&words(), tokio_postgres::NoTls).await.expect("database");
    tokio::spawn(connection);
    client.batch_execute(&get("STATEMENT")).await.unwrap();
}

async fn pool() -> anyhow::Result<()> {
    let mode = match get("DB_SSLMODE").as_str() {
        "disable" => PgSslMode::Disable,
        "require" => PgSslMode::Require,
        _ => PgSslMode::VerifyFull,
    };
    let mut options = PgConnectOptions::new_without_pgpass()
        .host(&get("DB_HOST")).port(get("DB_PORT").parse()?).username(&get("DB_USER")).database(&get("DB_NAME")).ssl_mode(mode);
    if !get("DB_PASSWORD").is_empty() {
        options = options.password(&get("DB_PASSWORD"));
    }
    if !get("DB_SSLROOTCERT").is_empty() {
        options = options.ssl_root_cert(get("DB_SSLROOTCERT"));
    }
    let pool = PgPoolOptions::new().max_connections(2).acquire_timeout(Duration::from_secs(4)).connect_with(options).await?;
    pool.execute(get("STATEMENT").as_str()).await?;
    Ok(())
}

async fn cache() -> redis::RedisResult<()> {
    let scheme = if get("REDIS_TLS") == "yes" { "rediss" } else { "redis" };
    let login = if get("REDIS_PASSWORD").is_empty() { String::new() } else { format!("{}:{}@", get("REDIS_USERNAME"), get("REDIS_PASSWORD")) };
    let client = redis::Client::open(format!("{scheme}://{login}{}:{}/{}", get("REDIS_HOST"), get("REDIS_PORT"), get("REDIS_DB")))?;
    let config = redis::AsyncConnectionConfig::new().set_connection_timeout(Duration::from_secs(3)).set_response_timeout(Duration::from_secs(3));
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    connection.set::<_, _, ()>("price:gpt", 5).await
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match env::args().nth(1).unwrap_or_default().as_str() {
        "tokio-postgres" => bare().await,
        "sqlx" => pool().await?,
        "sqlx-tracing" => {
            tracing_subscriber::fmt().json().init();
            tracing::info!(version = "0.9.1", "starting");
            if let Err(error) = pool().await {
                tracing::error!(error = ?error, "failed to initialize database pool");
                std::process::exit(1);
            }
        }
        "redis-rs" => {
            tracing_subscriber::fmt().with_ansi(false).init();
            tracing::info!("cache warmer");
            if let Err(error) = cache().await {
                tracing::error!("cache connection failed: {error}");
                std::process::exit(1);
            }
        }
        "redis-rs-unwrap" => cache().await.unwrap(),
        "file" => drop(std::fs::read_to_string(get("CONFIG"))?),
        "write" => std::fs::write(get("OUTPUT"), "1")?,
        "port" => drop(std::net::TcpListener::bind(get("LISTEN")).unwrap()),
        "environment" => println!("{}", env::var("PRICING_API_KEY").expect("PRICING_API_KEY must be set")),
        _ => std::process::exit(64),
    }
    Ok(())
}
