"""stub"""

from khue.contract.contract import Contract
from khue.intake.decoders.chunk import Decoding
from khue.intake.decoders.stream import Input


def decode_document(given: Input, contract: Contract) -> Decoding:
    raise NotImplementedError
