/**
 * How the program gets onto a machine: a script that is safe to run at every boot and as often as it fails. It takes
 * what it needs from its environment and holds no value of its own, so that nothing has to be escaped into it.
 */

/** Where things are on a provisioned machine. */
export const MACHINE_PATHS = {
  /** Configuration, 0600: it holds the node's token. */
  configuration: '/etc/tunnelmesh',
  /** Releases, each in a directory named by its artifact's SHA-256; `current` points to the one that runs. */
  software: '/opt/tunnelmesh',
  /** Keys, the last state and, on a coordinator, the database: the volume's mount point. */
  data: '/var/lib/tunnelmesh',
  /** Where root's `tunnelmesh status` finds the daemon: the one directory of a home that the daemon sees. */
  contexts: '/root/.tunnelmesh',
  installScript: '/usr/local/lib/tunnelmesh/install.sh',
  /** The environment of the install script. */
  artifact: '/etc/tunnelmesh/artifact',
  /** The command, on everybody's path. */
  command: '/usr/local/bin/tunnelmesh',
} as const;

/** The program's entry inside a release. */
export const ENTRY = 'bin/tunnelmesh.mjs';

/** The Debian packages that a node runs on (Debian 13; iproute2 and systemd are there already). */
export const PACKAGES: readonly string[] = [
  'ca-certificates',
  'conntrack',
  'curl',
  'dnsmasq-base',
  'nftables',
  'nodejs',
  'wireguard-tools',
];

/** The program as one file to fetch. */
export interface Artifact {
  readonly url: string;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

/** Largest artifact that a machine fetches, in bytes. */
const ARTIFACT_MAX_BYTES = 100 * 1024 * 1024;

/** The artifact as the script's environment, in the syntax of systemd.exec(5)'s EnvironmentFile. */
export function renderArtifact(artifact: Artifact): string {
  return `ARTIFACT_URL="${artifact.url}"\nARTIFACT_SHA256="${artifact.sha256}"\n`;
}

/**
 * The script. An artifact is fetched only while there is no release at all: later ones come by upgrade in place, and a
 * reboot must not undo that. A release appears under its name whole or not at all.
 */
export const INSTALL_SCRIPT = `#!/bin/sh
# Installs and starts the TunnelMesh daemon. Safe to run again at any time.
set -eu
umask 022
export DEBIAN_FRONTEND=noninteractive

set -- ${PACKAGES.join(' ')}
installed=$(dpkg-query --show --showformat='\${db:Status-Status}\\n' "$@" 2>/dev/null | grep -cx installed || true)
if [ "$installed" -ne $# ]; then
  apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 update
  apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 install --yes --no-install-recommends "$@"
fi

software=${MACHINE_PATHS.software}
if [ ! -e "$software/current/${ENTRY}" ]; then
  mkdir -p "$software"
  part=$(mktemp -d "$software/.part.XXXXXX")
  trap 'rm -rf "$part"' EXIT
  curl --fail --silent --show-error --location --proto '=https,http' --retry 5 --connect-timeout 20 --max-time 600 \\
    --max-filesize ${String(ARTIFACT_MAX_BYTES)} --output "$part/artifact.tar.gz" "$ARTIFACT_URL"
  if ! echo "$ARTIFACT_SHA256  $part/artifact.tar.gz" | sha256sum --check --status; then
    echo "$ARTIFACT_URL is not the artifact with SHA-256 $ARTIFACT_SHA256; it will not be installed" >&2
    exit 1
  fi
  mkdir -m 0755 "$part/release"
  tar --extract --gzip --no-same-owner --file "$part/artifact.tar.gz" --directory "$part/release"
  sync --file-system "$part"
  rm -rf "$software/$ARTIFACT_SHA256"
  mv -T "$part/release" "$software/$ARTIFACT_SHA256"
  ln -s "$ARTIFACT_SHA256" "$part/current"
  mv -T "$part/current" "$software/current"
fi
ln -sfn "$software/current/${ENTRY}" ${MACHINE_PATHS.command}
chmod 0755 "$software/current/${ENTRY}"
mkdir -p -m 0700 ${MACHINE_PATHS.contexts}

systemctl start tunnelmesh.service
`;
