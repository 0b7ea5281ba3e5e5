"""What leaves the core: the results, records and events that every door shows, prints or sends.

Each is written once, as a dataclass.  FastAPI makes the OpenAPI document of it, ``--json`` prints it, the client of a
running page parses it, conversations keep it.  Field names are those of the JSON and do not change; a new field has a
default, so that what an earlier version wrote is still read.

What is here is imported when it is asked for: making the dataclasses takes a third of the time of ``ragapp --help``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ragapp.contract.answers import (
        Answer,
        AnswerContext,
        Citation,
        DocumentWarnings,
        Filters,
        Passage,
        Place,
        SearchResult,
        Sentence,
        TableRow,
    )
    from ragapp.contract.backups import BackupListener, BackupProgress, BackupSummary, RestoreReport
    from ragapp.contract.comparisons import Change, ChangedFact, ChangeKind, Comparison, Explained, Piece, Quote
    from ragapp.contract.conversations import (
        Conversation,
        ConversationDetails,
        ConversationList,
        Feedback,
        Rating,
        Turn,
    )
    from ragapp.contract.documents import Document, DocumentDetails, DocumentList, Removal, UnitCoverage, UnreadFile
    from ragapp.contract.events import Event, Proved, Stage, Thought, Understood
    from ragapp.contract.ingestion import (
        FileReport,
        FileState,
        FileStatus,
        FileStep,
        IngestProgress,
        IngestReport,
        IngestState,
        IngestTotals,
        ProgressListener,
        RebuildNeed,
        Step,
    )
    from ragapp.contract.models import EmbedderInfo, LanguageModelInfo, ModelInfo, ModelList, PackInfo, PullProgress
    from ragapp.contract.settings import SettingInfo, SettingList, SettingSource
    from ragapp.contract.terms import CAUTIONS, Basis, Caution, Grade
    from ragapp.contract.tools import (
        CheckedAnswer,
        CheckedSentence,
        CollectionSize,
        DocumentPart,
        Labelled,
        LabelledDocument,
        LabelList,
        Source,
        TagSize,
        UnitText,
    )

__all__ = [
    "CAUTIONS",
    "Answer",
    "AnswerContext",
    "BackupListener",
    "BackupProgress",
    "BackupSummary",
    "Basis",
    "Caution",
    "Change",
    "ChangeKind",
    "ChangedFact",
    "CheckedAnswer",
    "CheckedSentence",
    "Citation",
    "CollectionSize",
    "Comparison",
    "Conversation",
    "ConversationDetails",
    "ConversationList",
    "Document",
    "DocumentDetails",
    "DocumentList",
    "DocumentPart",
    "DocumentWarnings",
    "EmbedderInfo",
    "Event",
    "Explained",
    "Feedback",
    "FileReport",
    "FileState",
    "FileStatus",
    "FileStep",
    "Filters",
    "Grade",
    "IngestProgress",
    "IngestReport",
    "IngestState",
    "IngestTotals",
    "LabelList",
    "Labelled",
    "LabelledDocument",
    "LanguageModelInfo",
    "ModelInfo",
    "ModelList",
    "PackInfo",
    "Passage",
    "Piece",
    "Place",
    "ProgressListener",
    "Proved",
    "PullProgress",
    "Quote",
    "Rating",
    "RebuildNeed",
    "Removal",
    "RestoreReport",
    "SearchResult",
    "Sentence",
    "SettingInfo",
    "SettingList",
    "SettingSource",
    "Source",
    "Stage",
    "Step",
    "TableRow",
    "TagSize",
    "Thought",
    "Turn",
    "Understood",
    "UnitCoverage",
    "UnitText",
    "UnreadFile",
]

_MODULES = (
    *("terms", "answers", "events", "conversations", "documents", "ingestion", "models", "settings", "backups"),
    "comparisons",
    "tools",
)


def __getattr__(name: str) -> Any:
    if name in __all__:
        for module in _MODULES:
            found = getattr(import_module(f"{__name__}.{module}"), name, None)
            if found is not None:
                globals()[name] = found
                return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
