import { describe, expect, it } from '@jest/globals';
import { missingPackages, renderMissing } from './packages.mjs';

/** A machine with every command but these, and with or without WireGuard in its kernel. */
function missing(
  purpose: 'lab' | 'tests' | 'boot',
  lacking: readonly string[],
  kernelWireGuard: boolean,
): readonly string[] {
  const has = (command: string): boolean => !lacking.includes(command);
  return missingPackages(purpose, has, () => kernelWireGuard).map((one) => one.name);
}

describe('the packages that are missing', () => {
  it('are none where every command is installed', () => {
    expect(missing('tests', [], false)).toEqual([]);
  });

  it('are those of which any command is missing', () => {
    expect(missing('lab', ['tc', 'nft'], true)).toEqual(['iproute2', 'nftables']);
  });

  it('include wireguard-go only where the kernel has no WireGuard', () => {
    expect(missing('lab', ['wireguard-go'], true)).toEqual([]);
    expect(missing('lab', ['wireguard-go'], false)).toEqual(['wireguard-go']);
  });

  it('for the lab do not include what only the tests use', () => {
    expect(missing('lab', ['dig', 'zbarimg'], true)).toEqual([]);
    expect(missing('tests', ['dig', 'zbarimg'], true)).toEqual(['bind9-dnsutils', 'zbar-tools']);
  });

  it('for booting include what makes and boots a Debian', () => {
    expect(missing('boot', ['debootstrap', 'systemd-nspawn', 'nft', 'dig'], true)).toEqual([
      'nftables',
      'debootstrap',
      'systemd-container',
    ]);
    expect(missing('tests', ['debootstrap', 'systemd-nspawn'], true)).toEqual([]);
  });

  it('never include the dnsmasq package, whose daemon starts when it is installed', () => {
    expect(missing('lab', ['dnsmasq'], true)).toEqual(['dnsmasq-base']);
  });
});

describe('the line that names missing packages', () => {
  const lacking = missingPackages(
    'lab',
    (command) => !['nft', 'wg'].includes(command),
    () => true,
  );

  it('gives an ordinary user the command with sudo', () => {
    expect(renderMissing(lacking, { apt: true, root: false, refused: false })).toBe(
      'Missing packages: wireguard-tools nftables (only root can install them). ' +
        'Install them with: sudo apt-get install --no-install-recommends wireguard-tools nftables',
    );
  });

  it('gives root, who refused, the command as it stands', () => {
    expect(renderMissing(lacking, { apt: true, root: true, refused: true })).toBe(
      'Missing packages: wireguard-tools nftables (TUNNELMESH_NO_INSTALL is set). ' +
        'Install them with: apt-get install --no-install-recommends wireguard-tools nftables',
    );
  });

  it('names the commands where there is no apt-get', () => {
    expect(renderMissing(lacking, { apt: false, root: true, refused: false })).toBe(
      'Missing commands: wg, wg-quick, nft. This is no Debian or Ubuntu, so install them by its own means ' +
        "(Debian's names: wireguard-tools nftables).",
    );
  });
});
