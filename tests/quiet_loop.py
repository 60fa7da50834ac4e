"""Running a coroutine so that nothing is left over, and nothing goes wrong unseen."""

import asyncio
import gc


def run(main):
    """Run a coroutine function; what it leaves running, or the loop only logs, is an error."""
    complaints = []

    async def watched():
        asyncio.get_running_loop().set_exception_handler(lambda _, c: complaints.append(c))
        await main()
        await asyncio.sleep(0.01)
        assert asyncio.all_tasks() == {asyncio.current_task()}, asyncio.all_tasks()
        gc.collect()

    asyncio.run(watched())
    gc.collect()
    assert complaints == []
