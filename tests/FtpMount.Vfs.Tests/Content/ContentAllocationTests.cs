namespace FtpMount.Vfs.Tests.Content;

/// <summary>What the hot paths allocate: counted for the whole process, so that nothing else may run meanwhile.</summary>
[Collection(nameof(ContentAllocationTests))]
[CollectionDefinition(nameof(ContentAllocationTests), DisableParallelization = true)]
public sealed class ContentAllocationTests
{
    private const int Block = ContentFixture.Block;

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
        for (var offset = 0; offset < 16 << 20; offset += Block)
            await reader.ReadAsync(offset, buffer, default);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var offset = 16 << 20; offset < 64 << 20; offset += Block)
            await reader.ReadAsync(offset, buffer, default);

        // 384 blocks. What is allowed is for the thread pool, and a fraction of what one object a block would take.
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 384 * 64);
        Assert.Single(fixture.Remote.Opened);
    }
}
