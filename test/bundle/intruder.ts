/** A program that the build refuses. */
import { Token } from 'cdktf';

process.stdout.write(String(Token.isUnresolved('')));
