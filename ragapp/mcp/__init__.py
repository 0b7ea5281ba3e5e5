"""The MCP server (Model Context Protocol): other programs search, ask and read by ragapp's tools.

The official library, which is called ``mcp`` as well, is meant by ``import mcp``; this package is ``ragapp.mcp``.
"""
