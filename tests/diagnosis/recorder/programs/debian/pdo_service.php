<?php
fwrite(STDOUT, "Running release tasks\n");
$address = sprintf('pgsql:host=%s;port=%s;dbname=%s;sslmode=%s;connect_timeout=%s', getenv('DB_HOST'), getenv('DB_PORT'), getenv('DB_NAME'), getenv('DB_SSLMODE'), getenv('TIMEOUT'));
if (getenv('DB_SSLROOTCERT')) {
    $address .= ';sslrootcert=' . getenv('DB_SSLROOTCERT');
}
$pdo = new PDO($address, getenv('DB_USER'), getenv('DB_PASSWORD') ?: null);
$pdo->exec(getenv('STATEMENT'));
