<?php
require 'Doctrine/DBAL/autoload.php';

$settings = [
    'driver' => 'pdo_pgsql', 'host' => getenv('DB_HOST'), 'port' => (int) getenv('DB_PORT'), 'user' => getenv('DB_USER'),
    'password' => getenv('DB_PASSWORD') ?: null, 'dbname' => getenv('DB_NAME'), 'sslmode' => getenv('DB_SSLMODE'),
    'sslrootcert' => getenv('DB_SSLROOTCERT') ?: null, 'driverOptions' => [PDO::ATTR_TIMEOUT => (int) getenv('TIMEOUT')],
];
$connection = Doctrine\DBAL\DriverManager::getConnection(array_filter($settings));
$connection->executeStatement(getenv('STATEMENT'));
