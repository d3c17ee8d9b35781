/** Where a stack's Terraform state lies. */
import { LocalBackend, S3Backend, type TerraformStack } from 'cdktf';
import type { MeshFile } from '../mesh/mesh-file.ts';

/**
 * State in the bucket that the mesh file names, its keys coming from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; or else
 * in files beside `cdktf.json`. Terraform runs in `cdktf.out/stacks/STACK`, which gets deleted, so these lie outside of it.
 */
export function stateBackend(stack: TerraformStack, id: string, { name, backend }: MeshFile): void {
  if (backend === null) {
    new LocalBackend(stack, { path: `../../../terraform.${id}.tfstate` });
    return;
  }
  new S3Backend(stack, {
    bucket: backend.bucket,
    key: `${name}/${id}.tfstate`,
    region: backend.region,
    endpoints: { s3: backend.endpoint },
    // All of these ask Amazon something that another store cannot answer
    // (https://docs.digitalocean.com/products/spaces/reference/terraform-backend/).
    skipCredentialsValidation: true,
    skipMetadataApiCheck: true,
    skipRegionValidation: true,
    skipRequestingAccountId: true,
    skipS3Checksum: true,
  });
}
