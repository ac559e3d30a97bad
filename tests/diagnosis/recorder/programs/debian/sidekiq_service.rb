require 'sidekiq'

Redis.silence_deprecations = true

scheme = ENV['REDIS_TLS'] == 'yes' ? 'rediss' : 'redis'
settings = {
  url: "#{scheme}://#{ENV['REDIS_HOST']}:#{ENV['REDIS_PORT']}/#{ENV['REDIS_DB']}", username: ENV['REDIS_USERNAME'],
  password: ENV['REDIS_PASSWORD'], network_timeout: ENV['TIMEOUT'].to_i,
  ssl_params: ENV['REDIS_CA'] ? { ca_file: ENV['REDIS_CA'] } : nil
}.compact
Sidekiq.configure_server { |config| config.redis = settings }

class Report
  include Sidekiq::Worker
end
