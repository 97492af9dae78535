"""stages/monitor"""
