require 'redis'

$stdout.sync = true
puts 'Puma starting in single mode...'
redis = Redis.new({
  host: ENV['REDIS_HOST'], port: ENV['REDIS_PORT'].to_i, username: ENV['REDIS_USERNAME'], password: ENV['REDIS_PASSWORD'],
  db: ENV['REDIS_DB'].to_i, ssl: ENV['REDIS_TLS'] == 'yes', ssl_params: ENV['REDIS_CA'] ? { ca_file: ENV['REDIS_CA'] } : nil,
  timeout: ENV['TIMEOUT'].to_i
}.compact)
redis.call(*ENV['COMMAND'].split)
