"""stages/release"""
