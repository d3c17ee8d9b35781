/** A cloud-init document as a droplet's `user_data`. */
import { type CloudInit, renderCloudInit, USER_DATA_MAX_BYTES } from '../templates/cloud-init.ts';
import { bytesAfterTerraform, terraformTemplate } from './terraform-template.ts';

/**
 * The document as the text of a Terraform attribute, with references to values that Terraform computes left in place.
 * @param source - whose user data it is, for the error
 * @throws RangeError when it could measure more than {@link USER_DATA_MAX_BYTES} on the machine
 */
export function userData(document: CloudInit, source: string): string {
  const text = renderCloudInit(document);
  const bytes = bytesAfterTerraform(text);
  if (bytes > USER_DATA_MAX_BYTES) {
    throw new RangeError(
      `the user data of ${source} would measure ${String(bytes)} bytes; allowed: ${String(USER_DATA_MAX_BYTES)}`,
    );
  }
  return terraformTemplate(text);
}
