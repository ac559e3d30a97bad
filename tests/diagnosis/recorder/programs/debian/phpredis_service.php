<?php
fwrite(STDOUT, "Starting queue worker\n");
$redis = new Redis();
$tls = getenv('REDIS_TLS') === 'yes';
$context = $tls ? ['stream' => array_filter(['cafile' => getenv('REDIS_CA'), 'peer_name' => getenv('REDIS_HOST')])] : [];
$redis->connect(($tls ? 'tls://' : '') . getenv('REDIS_HOST'), (int) getenv('REDIS_PORT'), 3, null, 0, 3, $context);
if (getenv('REDIS_PASSWORD')) {
    $redis->auth(getenv('REDIS_USERNAME') ? [getenv('REDIS_USERNAME'), getenv('REDIS_PASSWORD')] : getenv('REDIS_PASSWORD'));
}
if (!$redis->select((int) getenv('REDIS_DB')) || $redis->rawCommand(...explode(' ', getenv('COMMAND'))) === false) {
    throw new RuntimeException('queue is not usable: ' . $redis->getLastError());
}
