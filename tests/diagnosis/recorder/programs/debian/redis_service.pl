use strict;
use warnings;
use Redis;

print STDERR "rates: warming the cache\n";
my %settings = (server => "$ENV{REDIS_HOST}:$ENV{REDIS_PORT}", cnx_timeout => 3, read_timeout => 3, write_timeout => 3);
$settings{password} = $ENV{REDIS_PASSWORD} if $ENV{REDIS_PASSWORD};
$settings{username} = $ENV{REDIS_USERNAME} if $ENV{REDIS_USERNAME};
if ($ENV{REDIS_TLS} eq 'yes') {
    $settings{ssl} = 1;
    $settings{SSL_verify_mode} = 1;
}
my $redis = Redis->new(%settings);
$redis->select($ENV{REDIS_DB}) if $ENV{REDIS_DB};
my ($name, @rest) = split ' ', $ENV{COMMAND};
$redis->__std_cmd($name, @rest);
