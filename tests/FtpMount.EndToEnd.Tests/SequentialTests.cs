// Every test has a server, a mount and programs of its own that keep the machine busy: side by side they would only disturb each other's deadlines.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
