# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # signet-pki sets and uses them, too
# What signet-pki(1) does with files: keys, certificates, revocation lists and
# the index of them. It sources this, and says what is to be done.

# Files

# What has been there never gives way to a key.
keep() { # NEW FILE
	sync "$1"
	ln -T "$1" "$2" 2>/dev/null || die "$2 cannot be made, or is there"
	rm "$1"
	sync "${2%/*}"
}

# Nobody sees half of it.
replace() { # NEW FILE MODE
	chmod "$3" "$1"
	sync "$1"
	mv -fT "$1" "$2" || die "$2 cannot be replaced"
	sync "${2%/*}"
}

# Until when a certificate or, with crl -nextupdate, a CRL is good.
end_of() { # FILE [KIND OPTION]
	date -u +%s -d "$(openssl "${2-x509}" -in "$1" -noout \
		"${3--enddate}" | cut -d = -f 2)"
}

run_openssl() {
	openssl "$@" 2>"$new/openssl.log" || {
		sed 's/^/  | /' "$new/openssl.log" >&2
		die "openssl $1 failed"
	}
}

lock() {
	exec 9>"$ca/lock"
	flock -n 9 || {
		say "waiting for another signet-pki to end" >&2
		flock 9
	}
	# What one has left that was ended in the middle.
	set +f
	rm -rf "$ca"/new.*
	set -f
	new=$(mktemp -d "$ca/new.XXXXXX")
}

need_ca() {
	[ ! -d "$ca" ] || [ -x "$ca" ] || die "$ca is not ours to read"
	[ -e "$ca/index" ] ||
		die "$dir holds nothing of signet-pki; see signet-pki init"
}

# The index: kind, name, serial, end, time of revocation or -, reason or -

index_rows() { # CONDITION of awk, with name and serial
	[ -e "$ca/index" ] || return 0
	awk -F "$tab" -v name="${2-}" -v serial="${3-}" "$1" "$ca/index"
}

index_add() { # KIND NAME SERIAL END
	cp "$ca/index" "$new/index"
	printf '%s\t%s\t%s\t%s\t-\t-\n' "$1" "$2" "$3" "$4" >>"$new/index"
	replace "$new/index" "$ca/index" 600
}

# server or client; nothing if nobody is called so.
kind_of() {
	# shellcheck disable=SC2016 # awk's
	index_rows '$2 == name { print $1; exit }' "$1"
}

check_known() {
	for name in $names; do
		[ -n "$(kind_of "$name")" ] || die "nobody is called $name"
	done
}

# Certificates

new_key() {
	run_openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
		-out "$1"
}

# The key of an authority, if an init that was ended has not made it.
make_authority() { # KIND
	authority=$dir/$1s-ca.pem
	if [ ! -e "$ca/$1s.key" ]; then
		[ ! -e "$authority" ] ||
			die "$authority is there, and not of signet-pki"
		new_key "$new/key"
		keep "$new/key" "$ca/$1s.key"
	fi
	sign_authority "$1" "/CN=$label $1s CA"
}

sign_authority() { # KIND SUBJECT
	cat >"$new/request" <<'END'
[req]
distinguished_name = dn
[dn]
[ca]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
END
	run_openssl req -x509 -new -config "$new/request" -extensions ca -sha256 \
		-key "$ca/$1s.key" -subj "$2" -set_serial "0x$(new_serial)" \
		-days "$days" -out "$new/certificate"
	replace "$new/certificate" "$dir/$1s-ca.pem" 644
}

# 128 random bits behind a byte that keeps it positive and its length the same.
new_serial() { printf '01%s' "$(openssl rand -hex 16)"; }

# What to put into a name's certificates, now and whenever it is renewed.
write_profile() { # KIND NAME
	subject=
	[ -z "$organisation" ] || subject=/O=$organisation
	[ -z "$unit" ] || subject=$subject/OU=$unit
	{
		say "# $subject/CN=$2"
		say "[leaf]"
		say "basicConstraints = critical, CA:FALSE"
		say "keyUsage = critical, digitalSignature"
		say "extendedKeyUsage = $1Auth"
		say "subjectKeyIdentifier = hash"
		say "authorityKeyIdentifier = keyid"
		[ -z "$sans" ] || say "subjectAltName = @san"
		say "[san]"
		printf '%s' "$sans"
	} >"$new/profile"
}

# Signet takes these and no others.
check_public_key() { # WHOSE
	openssl pkey -pubin -in "$new/public" -noout -text >"$new/text" 2>&1 ||
		die "$1: its key is of no use"
	bits=$(sed -n 's/.*Public-Key: (\([0-9]*\) bit).*/\1/p' "$new/text")
	if grep -qE '^ASN1 OID: (prime256v1|secp384r1|secp521r1)$' "$new/text"; then
		return
	fi
	if ! grep -q '^Modulus:' "$new/text" || [ "${bits:-0}" -lt 2048 ] ||
		[ "$bits" -gt 4096 ] ||
		! grep -qE '^Exponent: [0-9]+ \(0x[0-9a-f]{1,8}\)$' "$new/text"
	then
		die "$1: its key is neither P-256, P-384, P-521 nor RSA of 2048 to" \
			"4096 bits with an exponent of at most 32"
	fi
}

check_end() { # KIND: nothing outlives its issuer
	[ "$(end_of "$dir/$1s-ca.pem")" -ge $(($(date +%s) + days * 86400)) ] ||
		die "$dir/$1s-ca.pem ends before: fewer --days, or renew --ca"
}

# Sign the public key in $new/public as the profile in $new/profile says.
sign() { # KIND NAME
	serial=$(new_serial)
	run_openssl x509 -new -force_pubkey "$new/public" -sha256 \
		-subj "$(sed -n '1s/^# //p' "$new/profile")" \
		-CA "$dir/$1s-ca.pem" -CAkey "$ca/$1s.key" \
		-set_serial "0x$serial" -days "$days" \
		-extfile "$new/profile" -extensions leaf \
		-out "$new/certificate"
	run_openssl verify -CAfile "$dir/$1s-ca.pem" \
		-purpose "ssl$1" "$new/certificate" >/dev/null
}

# Known before it is used, so that it can be revoked whatever happens.
publish() { # KIND NAME
	index_add "$1" "$2" "$serial" "$(end_of "$new/certificate")"
	replace "$new/certificate" "$dir/$1s/$2.pem" 644
	say "$dir/$1s/$2.pem: $days days, serial $serial"
}

# The public key of a request, or of a key made here.
take_public_key() { # KIND NAME
	if [ -n "$csr" ]; then
		[ ! -e "$dir/$1s/$2.key" ] ||
			die "$dir/$1s/$2.key is there: what is --csr for?"
		openssl req -in "$csr" -verify -noout -pubkey \
			>"$new/public" 2>/dev/null ||
			die "$(shown "$csr") is no request, or not signed with its key"
		# OpenSSL 3.0 reports a bad signature without failing.
		openssl req -in "$csr" -verify -noout 2>&1 | grep -q ' OK$' ||
			die "$(shown "$csr") is not signed with its key"
		check_public_key "$(shown "$csr")"
		return
	fi
	if [ -e "$dir/$1s/$2.key" ]; then
		say "$dir/$1s/$2.key is there and is used"
	else
		new_key "$new/key"
		keep "$new/key" "$dir/$1s/$2.key"
	fi
	run_openssl pkey -in "$dir/$1s/$2.key" -pubout -out "$new/public"
	check_public_key "$dir/$1s/$2.key"
}

make_leaf() { # KIND NAME
	other=$(kind_of "$2")
	[ "${other:-$1}" = "$1" ] || die "$2 is the name of a $other"
	[ ! -e "$dir/$1s/$2.pem" ] ||
		die "$dir/$1s/$2.pem is there; see signet-pki renew and revoke"
	check_end "$1"
	[ -d "$dir/$1s" ] || mkdir -m 755 "$dir/$1s"
	write_profile "$1" "$2"
	take_public_key "$1" "$2"
	sign "$1" "$2"
	cp "$new/profile" "$new/profile.kept"
	replace "$new/profile.kept" "$ca/$1-$2.profile" 600
	publish "$1" "$2"
}

# Revocation lists

# The database of openssl ca, of what is revoked; what has ended a year ago
# needs no row any more.
revoked_database() { # KIND
	# shellcheck disable=SC2016 # awk's
	index_rows '$1 == name && $5 != "-" && $4 + 31536000 > serial {
		print $3, $5, $6 }' "$1" "$(date +%s)" |
		while read -r row_serial row_time row_reason; do
			row_end=$(date -u -d "@$row_time" +%y%m%d%H%M%SZ)
			[ "$row_reason" = - ] || row_end=$row_end,$row_reason
			printf 'R\t491231235959Z\t%s\t%s\tunknown\t/CN=x\n' \
				"$row_end" "$(printf %s "$row_serial" | tr a-f A-F)"
		done
}

make_crl() { # KIND
	revoked_database "$1" >"$new/database"
	cat >"$new/ca.cnf" <<'END'
[ca]
default_ca = this
[this]
database = database
crlnumber = crlnumber
default_md = sha256
crl_extensions = crl
unique_subject = no
[crl]
authorityKeyIdentifier = keyid:always
END
	cp "$ca/crlnumber" "$new/crlnumber"
	(cd "$new" && run_openssl ca -gencrl -config ca.cnf -out crl \
		-cert "$dir/$1s-ca.pem" -keyfile "$ca/$1s.key" \
		-crldays "${days:-365}")
	# A number is used once, even if nothing becomes of the list.
	replace "$new/crlnumber" "$ca/crlnumber" 600
	replace "$new/crl" "$dir/$1s.crl" 644
}

make_crls() {
	make_crl server
	make_crl client
}
