"""stages/ingest"""
