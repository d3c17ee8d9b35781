/** The internet of a lab: one bridge, its gateway address, a web site's address, and a DNS server that asks nobody. */
import type { Step } from './host-steps.ts';
import type { Argv } from './namespaces.ts';
import { INTERNET, INTERNET_SITE, type LabPlan } from './plan.ts';

/**
 * The bridge's own, locally administered (IEEE 802, second-lowest bit of the first octet). Left to itself a bridge takes
 * the lowest address of its ports, a new device may change it, and hosts then send to the old one until they notice.
 */
const BRIDGE_MAC = '02:00:cb:00:71:01';

/** Makes the bridge, run beside the supervisor. */
export function internetStep(): Step {
  return {
    argv: ['ip', '-batch', '-'],
    input: [
      'link set lo up',
      `link add internet address ${BRIDGE_MAC} type bridge`,
      `address add ${INTERNET.gateway}/${String(INTERNET.prefixLength)} dev internet`,
      `address add ${INTERNET_SITE.address}/32 dev internet`,
      `address add ${INTERNET_SITE.other}/32 dev internet`,
      'link set internet up',
      '',
    ].join('\n'),
  };
}

/** The internet's DNS: what the plan names, NXDOMAIN for everything else (dnsmasq(8), `--address=/#/`). */
export function internetDns(names: LabPlan['names']): Argv {
  const records = Object.entries({ [INTERNET_SITE.name]: INTERNET_SITE.address, ...names });
  return [
    'dnsmasq',
    // Unlike --keep-in-foreground it also leaves user and groups alone, which in a user namespace cannot be changed.
    '--no-daemon',
    '--conf-file=/dev/null',
    '--no-resolv',
    '--no-hosts',
    '--bind-interfaces',
    `--listen-address=${INTERNET.gateway}`,
    '--address=/#/',
    ...records.map(([name, address]) => `--host-record=${name},${address}`),
  ];
}
