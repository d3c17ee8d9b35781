/**
 * What DigitalOcean was known to sell when this was written (November 2025: the regional availability matrix and
 * `GET /v2/sizes` in its documentation). The offer changes, so what is missing here is said and not refused.
 */
import { DEFAULT_IMAGE } from '../mesh/mesh-file-schema.ts';
import type { MeshFile } from '../mesh/mesh-file.ts';

/** When this was looked up. */
const AS_OF = 'November 2025';

/** Regions with droplets, volumes and reserved IPs. */
const REGIONS: readonly string[] = [
  'ams3',
  'atl1',
  'blr1',
  'fra1',
  'lon1',
  'nyc1',
  'nyc2',
  'nyc3',
  'sfo2',
  'sfo3',
  'sgp1',
  'syd1',
  'tor1',
];

/** Classes of droplets by the first part of their slug. */
const SIZE_CLASSES: readonly string[] = ['s', 'c', 'c2', 'g', 'gd', 'm', 'm3', 'm6', 'so', 'so1'];

/** The size with half a gigabyte, and the regions in which it was seen. */
const SMALL_SIZE = 's-1vcpu-512mb-10gb';
const SMALL_SIZE_REGIONS: readonly string[] = ['ams3', 'fra1', 'nyc1', 'nyc2', 'sfo2', 'sfo3', 'sgp1', 'syd1'];

/** What may not be sold, as sentences; none where everything is known. */
export function unknownOffers({ nodes, image }: MeshFile): readonly string[] {
  const placed = [...nodes.values()];
  const regions = [...new Set(placed.map(({ region }) => region))].filter((region) => !REGIONS.includes(region));
  const sizes = [...new Set(placed.map(({ size }) => size))].filter(
    (size) => !SIZE_CLASSES.includes(size.split('-', 1).join('')),
  );
  const small = placed.filter(({ size, region }) => size === SMALL_SIZE && !SMALL_SIZE_REGIONS.includes(region));
  return [
    ...regions.map(
      (region) =>
        `The region ${region} was not among DigitalOcean's in ${AS_OF}; \`doctl compute region list\` says whether it is now.`,
    ),
    ...sizes.map(
      (size) =>
        `The size ${size} was not among DigitalOcean's in ${AS_OF}; \`doctl compute size list\` says whether it is now.`,
    ),
    ...small.map(
      ({ name, size, region }) =>
        `${name}: the size ${size} was not sold in ${region} in ${AS_OF}; s-1vcpu-1gb is sold everywhere.`,
    ),
    ...(image === DEFAULT_IMAGE
      ? []
      : [`The image ${image} was never tried; nodes are made for ${DEFAULT_IMAGE}, whose nodejs they need.`]),
  ];
}
