require 'active_record'
require 'logger'

logger = Logger.new($stderr)
logger.info('=> Rails application starting in production')
ActiveRecord::Base.establish_connection({
  adapter: 'postgresql', host: ENV['DB_HOST'], port: ENV['DB_PORT'], username: ENV['DB_USER'], password: ENV['DB_PASSWORD'],
  database: ENV['DB_NAME'], sslmode: ENV['DB_SSLMODE'], sslrootcert: ENV['DB_SSLROOTCERT'], connect_timeout: ENV['TIMEOUT'].to_i
}.compact)
begin
  ActiveRecord::Base.connection.execute(ENV['STATEMENT'])
rescue StandardError => e
  logger.fatal("#{e.class} (#{e.message})")
  e.backtrace.first(8).each { |line| logger.fatal(line) }
  exit 1
end
