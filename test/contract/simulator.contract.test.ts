/** Do the ports keep their contract on the simulator? */
import { SIMULATOR, startSimulatorBackend } from './simulator';
import { contractSuite } from './suite';

contractSuite(SIMULATOR, startSimulatorBackend);
