require 'active_record'

ActiveRecord::Base.establish_connection({
  adapter: 'postgresql', host: ENV['DB_HOST'], port: ENV['DB_PORT'], username: ENV['DB_USER'], password: ENV['DB_PASSWORD'],
  database: ENV['DB_NAME'], sslmode: ENV['DB_SSLMODE'], sslrootcert: ENV['DB_SSLROOTCERT'], connect_timeout: ENV['TIMEOUT'].to_i
}.compact)
ActiveRecord::Base.connection.execute(ENV['STATEMENT'])
exit!(0)
