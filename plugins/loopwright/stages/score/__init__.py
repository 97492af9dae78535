"""stages/score"""
