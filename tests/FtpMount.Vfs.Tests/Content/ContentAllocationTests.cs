namespace FtpMount.Vfs.Tests.Content;

/// <summary>What the hot paths allocate: counted for the whole process, so that nothing else may run meanwhile.</summary>
[Collection(nameof(ContentAllocationTests))]
[CollectionDefinition(nameof(ContentAllocationTests), DisableParallelization = true)]
public sealed class ContentAllocationTests
{
    private const int Block = ContentFixture.Block;
    private const int Round = 8 << 20;

    [Fact]
    public async Task A_hit_completes_synchronously_and_allocates_nothing()
    {
        await using var fixture = new ContentFixture();
        var bytes = ContentFixture.Bytes(2 << 20);
        using var content = fixture.Open(bytes);
        await using var reader = content.CreateReader();
        await ContentFixture.ReadAllAsync(reader, bytes);
        var buffer = new byte[4096];
        ReadAll();
        var before = GC.GetAllocatedBytesForCurrentThread();
        ReadAll();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void ReadAll()
        {
            for (var offset = 0; offset < bytes.Length; offset += 4096)
            {
                var read = reader.ReadAsync(offset, buffer, default);
                if (!read.IsCompletedSuccessfully || read.GetAwaiter().GetResult() != 4096)
                    throw new InvalidOperationException("not a hit");
            }
        }
    }

    [Fact]
    public async Task Streaming_allocates_nothing_for_each_block()
    {
#if DEBUG
        Assert.Skip("A debug build makes an object of every async call.");
#endif
        await using var fixture = new ContentFixture(memory: 4 << 20);
        var bytes = ContentFixture.Bytes(64 << 20);
        using var content = fixture.Open(bytes);
        await using var reader = content.CreateReader();
        var buffer = new byte[Block];
        var least = long.MaxValue;
        for (var offset = 0L; offset < bytes.Length; offset += Round)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            for (var at = offset; at < offset + Round; at += Block)
                await reader.ReadAsync(at, buffer, default);
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        // The thread pool, timers and the test runner allocate when they like, but not in every round; an object for each block would be there in all.
        Assert.InRange(least, 0, Round / Block * 64);
        Assert.Single(fixture.Remote.Opened);
    }
}
