"""What leaves the core: the results, records and events that every door shows, prints or sends.

Each is written once, as a dataclass.  FastAPI makes the OpenAPI document of it, ``--json`` prints it, the client of a
running page parses it, conversations keep it.  Field names are those of the JSON and do not change; a new field has a
default, so that what an earlier version wrote is still read.
"""

from ragapp.contract.answers import (
    Answer,
    AnswerContext,
    Citation,
    DocumentWarnings,
    Passage,
    Place,
    SearchResult,
    Sentence,
)
from ragapp.contract.conversations import Conversation, ConversationDetails, ConversationList, Turn
from ragapp.contract.documents import Document, DocumentDetails, DocumentList, Removal, UnitCoverage, UnreadFile
from ragapp.contract.events import Delta, Event, Stage, Thought, Understood
from ragapp.contract.ingestion import (
    FileReport,
    FileState,
    FileStatus,
    IngestProgress,
    IngestReport,
    IngestState,
    IngestTotals,
    ProgressListener,
    RebuildNeed,
)
from ragapp.contract.models import EmbedderInfo, ModelInfo, ModelList, PackInfo
from ragapp.contract.terms import CAUTIONS, Caution

__all__ = [
    "CAUTIONS",
    "Answer",
    "AnswerContext",
    "Caution",
    "Citation",
    "Conversation",
    "ConversationDetails",
    "ConversationList",
    "Delta",
    "Document",
    "DocumentDetails",
    "DocumentList",
    "DocumentWarnings",
    "EmbedderInfo",
    "Event",
    "FileReport",
    "FileState",
    "FileStatus",
    "IngestProgress",
    "IngestReport",
    "IngestState",
    "IngestTotals",
    "ModelInfo",
    "ModelList",
    "PackInfo",
    "Passage",
    "Place",
    "ProgressListener",
    "RebuildNeed",
    "Removal",
    "SearchResult",
    "Sentence",
    "Stage",
    "Thought",
    "Turn",
    "Understood",
    "UnitCoverage",
    "UnreadFile",
]
