require 'pg'

$stdout.sync = true
puts '=> Booting usage-web'
options = {
  host: ENV['DB_HOST'], port: ENV['DB_PORT'], user: ENV['DB_USER'], password: ENV['DB_PASSWORD'], dbname: ENV['DB_NAME'],
  sslmode: ENV['DB_SSLMODE'], sslrootcert: ENV['DB_SSLROOTCERT'], connect_timeout: ENV['TIMEOUT']
}.compact
connection = PG.connect(options)
connection.exec(ENV['STATEMENT'])
