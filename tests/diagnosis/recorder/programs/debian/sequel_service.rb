require 'sequel'

$stdout.sync = true
puts 'statements: connecting'
database = Sequel.connect({
  adapter: 'postgres', host: ENV['DB_HOST'], port: ENV['DB_PORT'], user: ENV['DB_USER'], password: ENV['DB_PASSWORD'],
  database: ENV['DB_NAME'], sslmode: ENV['DB_SSLMODE'], sslrootcert: ENV['DB_SSLROOTCERT'],
  connect_timeout: ENV['TIMEOUT'].to_i
}.compact)
database.run(ENV['STATEMENT'])
