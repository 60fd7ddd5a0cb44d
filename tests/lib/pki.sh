#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: tests/lib/pki.sh DIR [COUNT]
#
# Make the certificates of the tests in DIR, NAME.pem with NAME.key each, and
# COUNT (8) good clients. What is there already is kept.
#
#   ca, other-ca            two authorities that do not know each other
#   server, server-rsa      localhost, 127.0.0.1 and ::1, by ca
#   server-rsa-3072, server-p384
#   client-1 ...            CN device-1 ..., by ca, clientAuth
#   client-rsa              CN device-rsa
#   client-no-eku           CN device-no-eku, without extended key usage
#   client-chain            CN device-chain, leaf and intermediate, root is ca
#   client-operator         CN operator, OU operators
#   client-names            CN names, O Works, OU crew, and a DNS name, a URI
#                           and an e-mail address
#   client-names-twice      the same with two of each
# and what a gate must refuse:
#   client-other            CN device-1 by other-ca
#   client-self-signed      CN device-1 by itself
#   client-expired          valid until yesterday
#   client-not-yet          valid from tomorrow
#   client-wrong-eku        serverAuth only
#   client-chain-leaf       client-chain without its intermediate
#   client-by-client        CN device-1, issued by client-1, which is no CA
#   client-weak             RSA with 1024 bits
#   client-sha1             signed with SHA-1
#   client-no-cn            a subject without CN
#   client-slash, client-plus, client-hash, client-control
#                           a CN with /, +, # or a line feed
set -euo pipefail

dir=${1:?usage: tests/lib/pki.sh DIR [COUNT]}
count=${2:-8}
umask 077
mkdir -p "$dir"
cd "$dir"

cat >openssl.cnf <<'END'
[req]
distinguished_name = dn
prompt = no
utf8 = yes
[dn]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[intermediate]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1
[client]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
[names]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectAltName = DNS:pump.example, URI:spiffe://example.org/site/pump, \
	email:pump@example.com
[names_twice]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectAltName = DNS:a.example, DNS:b.example, URI:urn:a, URI:urn:b, \
	email:a@example.com, email:b@example.com
[no_eku]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
[wrong_eku]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
[dated]
new_certs_dir = issued
database = dated.db
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
END

# new_key NAME KIND
new_key() {
	case $2 in
	ec) openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" ;;
	ec:*) openssl ecparam -name "${2#ec:}" -genkey -noout -out "$1.key" ;;
	rsa:*) openssl genrsa -out "$1.key" "${2#rsa:}" 2>/dev/null ;;
	esac
}

# issue NAME SUBJECT AUTHORITY EXTENSIONS [KIND [DIGEST]]: AUTHORITY is the
# name of another certificate, or - for a self-signed one.
issue() {
	local name=$1 subject=$2 authority=$3 extensions=$4
	local kind=${5:-ec} digest=${6:-sha256} by=()

	[ ! -e "$name.pem" ] || return 0
	new_key "$name" "$kind"
	[ "$authority" = - ] || by=(-CA "$authority.pem" -CAkey "$authority.key")
	openssl req -x509 -new -config openssl.cnf -extensions "$extensions" \
		-key "$name.key" -subj "$subject" "-$digest" -days 3650 \
		"${by[@]}" -out "$name.pem.new" 2>openssl.log ||
		{ cat openssl.log >&2; return 1; }
	mv "$name.pem.new" "$name.pem"
}

# issue_dated NAME SUBJECT AUTHORITY FROM UNTIL: with dates of one's own.
issue_dated() {
	[ ! -e "$1.pem" ] || return 0
	new_key "$1" ec
	mkdir -p issued
	: >dated.db
	openssl req -new -config openssl.cnf -key "$1.key" -subj "$2" \
		-out "$1.csr"
	openssl ca -batch -notext -config openssl.cnf -name dated \
		-extensions client -cert "$3.pem" -keyfile "$3.key" \
		-startdate "$4" -enddate "$5" -in "$1.csr" \
		-out "$1.pem.new" 2>openssl.log ||
		{ cat openssl.log >&2; return 1; }
	mv "$1.pem.new" "$1.pem"
	rm -rf "$1.csr" dated.db* issued
}

day() { date -u -d "$1" +%Y%m%d%H%M%SZ; }

issue ca "/O=Signet tests/CN=Signet test CA" - ca
issue other-ca "/O=Somebody else/CN=Other CA" - ca
issue intermediate "/O=Signet tests/CN=Signet test CA 2" ca intermediate
issue server /CN=localhost ca server
issue server-rsa /CN=localhost ca server rsa:2048
issue server-rsa-3072 /CN=localhost ca server rsa:3072
issue server-p384 /CN=localhost ca server ec:secp384r1

for ((i = 1; i <= count; i++)); do
	issue "client-$i" "/CN=device-$i" ca client
done
issue client-rsa /CN=device-rsa ca client rsa:2048
issue client-no-eku /CN=device-no-eku ca no_eku
issue client-chain-leaf /CN=device-chain intermediate client
cp client-chain-leaf.key client-chain.key
cat client-chain-leaf.pem intermediate.pem >client-chain.pem
issue client-operator /OU=operators/CN=operator ca client
issue client-names "/O=Works/OU=crew/CN=names" ca names
issue client-names-twice "/O=Works/OU=crew/OU=pier/CN=names-twice" ca names_twice

issue client-other /CN=device-1 other-ca client
issue client-self-signed /CN=device-1 - client
issue_dated client-expired /CN=device-1 ca \
	"$(day '2 days ago')" "$(day yesterday)"
issue_dated client-not-yet /CN=device-1 ca \
	"$(day tomorrow)" "$(day '10 days')"
issue client-wrong-eku /CN=device-1 ca wrong_eku
issue client-by-client /CN=device-1 client-1 client
issue client-weak /CN=device-1 ca client rsa:1024
issue client-sha1 /CN=device-1 ca client ec sha1
issue client-no-cn /O=nobody ca client
issue client-slash '/CN=device\/1' ca client
issue client-plus '/CN=device\+1' ca client
issue client-hash '/CN=device#1' ca client
issue client-control $'/CN=device\n1' ca client
rm -f openssl.log
