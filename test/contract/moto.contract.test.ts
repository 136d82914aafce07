/** Do the ports keep their contract on moto? */
import { MOTO, motoVersion, startMoto, testPython } from './moto';
import { contractSuite } from './suite';

contractSuite(MOTO, startMoto, () => motoVersion(testPython()));
