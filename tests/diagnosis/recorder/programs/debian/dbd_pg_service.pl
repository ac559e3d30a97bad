use strict;
use warnings;
use DBI;

$| = 1;
print "nightly import starting\n";
my $address = "dbi:Pg:host=$ENV{DB_HOST};port=$ENV{DB_PORT};dbname=$ENV{DB_NAME};sslmode=$ENV{DB_SSLMODE};connect_timeout=$ENV{TIMEOUT}";
$address .= ";sslrootcert=$ENV{DB_SSLROOTCERT}" if $ENV{DB_SSLROOTCERT};
my $dbh = DBI->connect($address, $ENV{DB_USER}, $ENV{DB_PASSWORD}, { RaiseError => 1, PrintError => 0 });
$dbh->do($ENV{STATEMENT});
