/** The version of this program; a test keeps it in step with package.json, which the built program does not carry. */
export const VERSION = '0.1.0';
