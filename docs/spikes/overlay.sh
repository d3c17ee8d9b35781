#!/bin/bash
# Tries the overlay of docs/adr/0002 on this machine: private namespaces, wireguard-go, iproute2, nftables, iperf3.
# Needs root (or `unshare -r`). Leaves nothing behind: everything lives in namespaces that end with this script.
set -euo pipefail
if [ "${1-}" != inside ]; then
  exec unshare --mount --net --pid --fork --kill-child --mount-proc "$(readlink -f "$0")" inside
fi
mount --make-rprivate /
mount -t tmpfs tmpfs /run
ip link set lo up
ip link add internet type bridge
ip link set internet up

declare -A pid public
node() { # NAME: a machine of its own, on the bridge by eth0
  unshare --mount --net sh -c 'mount -t tmpfs tmpfs /run; mkdir /run/wireguard; exec sleep infinity' &
  pid[$1]=$!
  until [ "$(readlink "/proc/${pid[$1]}/ns/net")" != "$(readlink /proc/self/ns/net)" ] && [ -d "/proc/${pid[$1]}/root/run/wireguard" ]; do sleep 0.02; done
  ip link add "v$1" type veth peer name eth0 netns "${pid[$1]}"
  ip link set "v$1" master internet up
  on "$1" ip link set lo up
  on "$1" ip link set eth0 up
  on "$1" ip addr add "203.0.113.$2/24" dev eth0
}
on() { nsenter -t "${pid[$1]}" -m -n "${@:2}"; }
device() { # NODE DEVICE PORT ADDRESS
  on "$1" sh -c "LOG_LEVEL=error wireguard-go -f $2 >/dev/null 2>&1 &"
  until on "$1" wg show "$2" >/dev/null 2>&1; do sleep 0.05; done
  on "$1" sh -c "wg genkey | wg set $2 private-key /dev/stdin listen-port $3"
  on "$1" ip addr add "$4" dev "$2"
  on "$1" ip link set "$2" mtu 1420 up
  public[$1/$2]=$(on "$1" wg show "$2" public-key)
}
peer() { on "$1" wg set "$2" peer "$3" allowed-ips "$4" ${5:+endpoint "$5" persistent-keepalive 25}; }

node p 5; node a 11; node b 12; node c 100; node d 101
for n in p:5 a:11 b:12; do device "${n%:*}" tm0 51821 "172.30.0.${n#*:}/32"; done
for n in p:5 a:11 b:12; do for m in p:5 a:11 b:12; do
  [ "$n" = "$m" ] || peer "${n%:*}" tm0 "${public[${m%:*}/tm0]}" "172.30.0.${m#*:}/32" "203.0.113.${m#*:}:51821"
done; done
for g in a b; do device $g wg0 51820 172.30.100.1/32; done
device c wg0 51820 172.30.100.5/16; device d wg0 51820 172.30.100.6/16
for g in a b; do peer $g wg0 "${public[c/wg0]}" 172.30.100.5/32; peer $g wg0 "${public[d/wg0]}" 172.30.100.6/32; done

LOCAL=17230 FORWARD=17231
for n in p:5 a:11 b:12; do
  name=${n%:*} own=172.30.0.${n#*:}
  on "$name" ip link add tmx mtu 1384 type vxlan external gpe dstport 4790
  on "$name" ip link set tmx up
  for dev in wg0 tm0 tmx; do on "$name" ip rule add pref 17230 iif $dev lookup $FORWARD; done
  on "$name" ip rule add pref 17231 to 172.30.0.0/16 lookup $LOCAL
  for table in $LOCAL $FORWARD; do on "$name" ip route add unreachable default table $table; done
  for m in 5 11 12; do [ "172.30.0.$m" = "$own" ] || {
    on "$name" ip route replace 172.30.0.$m/32 dev tm0 src "$own" table $LOCAL
    on "$name" ip route replace 172.30.0.$m/32 encap ip id 1 dst 172.30.0.$m dev tmx table $FORWARD
  }; done
  # Forwarding is a property of the device a packet came in by: the machine's other devices keep theirs.
  for dev in wg0 tmx; do on "$name" sh -c "[ ! -d /proc/sys/net/ipv4/conf/$dev ] || echo 1 > /proc/sys/net/ipv4/conf/$dev/forwarding"; done
  # Loose, not off: max(all, device) rules, so 2 also tames a machine whose `all` is strict.
  on "$name" sh -c 'echo 1 > /proc/sys/net/ipv4/conf/all/rp_filter'
  for dev in wg0 tm0 tmx; do on "$name" sh -c "[ ! -d /proc/sys/net/ipv4/conf/$dev ] || echo 2 > /proc/sys/net/ipv4/conf/$dev/rp_filter"; done
  on "$name" nft -f - <<NFT
table inet tunnelmesh {
  set may4 { typeof ip saddr . @th,224,32; }
  chain input {
    type filter hook input priority filter; policy accept;
    udp dport 4790 iifname "tm0" @th,88,8 1 ip saddr . @th,224,32 @may4 counter accept
    udp dport 4790 counter drop
  }
}
NFT
  for m in 5 11 12; do on "$name" nft add element inet tunnelmesh may4 "{ 172.30.0.$m . $(printf '0x%08x' $((0xac1e0000 + m))) }"; done
done
attach() { # GATEWAY: what every machine does when the client has moved there
  local here=172.30.0.11 old=172.30.0.12 other=b
  [ "$1" = a ] || { here=172.30.0.12 old=172.30.0.11 other=a; }
  for table in "$LOCAL src $here" "$FORWARD"; do on "$1" ip route replace 172.30.100.5/32 dev wg0 table $table; done
  on $other ip route replace 172.30.100.5/32 encap ip id 1 dst $here dev tmx src $old table $LOCAL
  on $other ip route replace 172.30.100.5/32 encap ip id 1 dst $here dev tmx table $FORWARD
  on p nft "add element inet tunnelmesh may4 { $here . 0xac1e6405 }"
  on p ip route replace 172.30.100.5/32 encap ip id 1 dst $here dev tmx src 172.30.0.5 table $LOCAL
  on c wg set wg0 peer "${public[$1/wg0]}" allowed-ips 172.30.0.0/16 endpoint "203.0.113.1${here: -1}:51820"
  on p nft "delete element inet tunnelmesh may4 { $old . 0xac1e6405 }" 2>/dev/null || true # not there the first time
}
say() { printf '%-62s %s\n' "$1" "$2"; }
received() { sed -n 's/.* \([0-9]*\) received.*/\1/p'; }

attach a
say 'client -> peer through gateway A (of 5)' "$(on c ping -c5 -i0.1 -W1 172.30.0.5 | received)"
say 'client -> gateway A itself (of 3)' "$(on c ping -c3 -i0.1 -W1 172.30.0.11 | received)"
say 'client -> the other gateway B by its mesh address (of 3)' "$({ on c ping -c3 -i0.1 -W1 172.30.0.12 || true; } | received)"
on b nft add element inet tunnelmesh may4 '{ 172.30.0.11 . 0xac1e6405 }'
say '  ... once B has (A, client) in may4' "$(on c ping -c3 -i0.1 -W1 172.30.0.12 | received)"
say 'peer -> client (of 5)' "$(on p ping -c5 -i0.1 -W1 172.30.100.5 | received)"
say 'gateway A -> peer, its own packets (of 3)' "$(on a ping -c3 -i0.1 -W1 172.30.0.5 | received)"
sent() { on a sed -n 's/^ *tmx: *//p' /proc/net/dev | awk '{ print $10 }'; }
before=$(sent)
on a ping -q -c3 -i0.1 172.30.0.5 >/dev/null
say '  ... of which went through tmx' $(($(sent) - before))
say 'path MTU told to the client (ping -M do -s 1380)' "$(on c ping -c1 -W1 -M do -s 1380 172.30.0.5 2>&1 | grep -o 'mtu[ =]*[0-9]*' | head -1)"
on a ip addr add 172.30.100.9/32 dev lo
on p ip route replace 172.30.100.9/32 encap ip id 1 dst 172.30.0.11 dev tmx table $LOCAL
# A tries to speak for 172.30.100.9, which is not attached there: send it into the overlay by force.
on a ip rule add pref 17229 from 172.30.100.9 lookup $FORWARD
dropped() { on p nft list chain inet tunnelmesh input | sed -n 's/.*packets \([0-9]*\).* drop/\1/p'; }
was=$(dropped)
say 'another inner source from A is answered (of 5)' "$(on a ping -c5 -i0.1 -W1 -I 172.30.100.9 172.30.0.5 2>/dev/null | received || true)"
say '  ... and P dropped' $(($(dropped) - was))

# The second client stays at A while the first one moves.
for table in "$LOCAL src 172.30.0.11" "$FORWARD"; do on a ip route replace 172.30.100.6/32 dev wg0 table $table; done
on p nft add element inet tunnelmesh may4 '{ 172.30.0.11 . 0xac1e6406 }'
on p ip route replace 172.30.100.6/32 encap ip id 1 dst 172.30.0.11 dev tmx src 172.30.0.5 table $LOCAL
on d wg set wg0 peer "${public[a/wg0]}" allowed-ips 172.30.0.0/16 endpoint 203.0.113.11:51820
on d ping -c1 -W2 172.30.0.5 >/dev/null
on c ping -q -i0.02 -c1000 -W1 172.30.0.5 >/run/moved 2>&1 &
moved=$!
on d ping -q -i0.02 -c1000 -W1 172.30.0.5 >/run/untouched 2>&1 &
untouched=$!
for i in $(seq 30); do sleep 0.5; if ((i % 2)); then attach b; else attach a; fi; done
wait $moved $untouched || true
say '30 moves: pings of the client that moves (of 1000)' "$(received </run/moved)"
say '30 moves: pings of a client that does not (of 1000)' "$(received </run/untouched)"

# The same hop twice: to 172.30.0.5 bare, to 172.30.0.6 (the same machine) wrapped. tmx has no address, so even the loose
# filter refuses there what would be answered by another device (fib_validate_source: no_addr); off for this comparison only.
on p sh -c 'for d in all tmx; do echo 0 > /proc/sys/net/ipv4/conf/$d/rp_filter; done'
on p ip addr add 172.30.0.6/32 dev lo
on a wg set tm0 peer "${public[p/tm0]}" allowed-ips 172.30.0.5/32,172.30.0.6/32
on a ip route replace 172.30.0.6/32 encap ip id 1 dst 172.30.0.5 dev tmx src 172.30.0.11 table $LOCAL
on p iperf3 -s >/dev/null 2>&1 &
sleep 0.5
rate() { on a timeout 10 iperf3 -c "$1" -t 3 -J | sed -n '/"sum_received"/,/}/s/.*"bits_per_second":[^0-9]*\([0-9]*\).*/\1/p'; }
for run in 1 2 3; do
  bare=$(rate 172.30.0.5) wrapped=$(rate 172.30.0.6)
  say "Mbit/s gateway -> peer, bare and wrapped, run $run" "$((bare / 1000000)) $((wrapped / 1000000))"
done

on a ip route replace 172.30.0.5/32 encap ip id 1 dst 172.30.0.5 dev tmx src 172.30.0.11 table $LOCAL
say 'own packets wrapped too: the wrapper meets its own route (of 3)' "$({ on a ping -c3 -i0.1 -W1 172.30.0.5 2>&1 || true; } | received)"
