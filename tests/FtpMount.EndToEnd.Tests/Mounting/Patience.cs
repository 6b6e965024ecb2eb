namespace FtpMount.EndToEnd.Tests.Mounting;

/// <summary>Waits for what a mount does by itself; the limit is far above what it takes.</summary>
public static class Patience
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    /// <summary>Waits until a condition holds; fails the test when it does not within two minutes.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, Func<string> describe)
    {
        long end = Environment.TickCount64 + (long)Limit.TotalMilliseconds;
        while (!await condition())
        {
            Assert.True(Environment.TickCount64 < end, describe());
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }
}
