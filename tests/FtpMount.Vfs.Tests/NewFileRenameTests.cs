namespace FtpMount.Vfs.Tests;

/// <summary>Renaming and removing a file that is not on the server yet, when it has taken the name of one that is.</summary>
public sealed class NewFileRenameTests
{
    [Fact]
    public async Task A_new_file_renamed_over_another_and_away_leaves_nothing_behind()
    {
        await using var mount = new Mount(r => r.Put("/gamma", "old"));
        var handle = await mount.Create("/alpha");
        await mount.Write(handle, 0, "new");
        Assert.Equal(VfsError.None, await mount.Rename("/alpha", "/gamma"));
        Assert.Equal(VfsError.None, await mount.Rename("/gamma", "/delta"));
        await AgreesAsync(mount, "delta");
        await mount.CloseWell(handle);
        Assert.Equal(["delta"], mount.Remote.Names("/"));
        Assert.Equal("new", mount.Remote.Text("/delta"));
        await AgreesAsync(mount, "delta");
    }

    [Fact]
    public async Task A_new_file_renamed_over_another_and_removed_leaves_nothing_behind()
    {
        await using var mount = new Mount(r => r.Put("/gamma", "old"));
        var handle = await mount.Create("/alpha");
        await mount.Write(handle, 0, "new");
        Assert.Equal(VfsError.None, await mount.Rename("/alpha", "/gamma"));
        Assert.Equal(VfsError.None, await mount.Unlink("/gamma"));
        await AgreesAsync(mount);
        Assert.Equal("new", await mount.Read(handle));
        await mount.CloseWell(handle);
        Assert.Empty(mount.Remote.Names("/"));
        Assert.Empty(mount.StagingFiles);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_new_file_renamed_over_an_open_one_leaves_nothing_behind(bool isLarge)
    {
        var old = new string('x', isLarge ? 3 << 20 : 3);
        await using var mount = new Mount(r => r.Put("/gamma", old));
        var reader = await mount.Open("/gamma");
        Assert.Equal("x", await mount.Read(reader, 0, 1));
        var handle = await mount.Create("/alpha");
        await mount.Write(handle, 0, "new");
        Assert.Equal(VfsError.None, await mount.Rename("/alpha", "/gamma"));
        Assert.Equal(VfsError.None, await mount.Rename("/gamma", "/delta"));
        await AgreesAsync(mount, "delta");
        Assert.Equal(VfsError.None, await mount.Unlink("/delta"));
        Assert.Equal("xxx", await mount.Read(reader, old.Length - 3));
        Assert.Equal("new", await mount.Read(handle));
        await mount.CloseWell(handle);
        await mount.CloseWell(reader);
        await AgreesAsync(mount);
        Assert.Empty(mount.Remote.Names("/"));
    }

    [Fact]
    public async Task A_new_file_renamed_over_another_shows_its_own_size_and_is_uploaded_in_its_place()
    {
        await using var mount = new Mount(r => r.Put("/d/gamma", "old and longer"));
        var handle = await mount.Create("/alpha");
        await mount.Write(handle, 0, "new");
        Assert.Equal(VfsError.None, await mount.Rename("/alpha", "/d/gamma"));
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(3, (await mount.Attributes("/d/gamma")).Size);
        Assert.Equal("new", await mount.ReadFile("/d/gamma"));
        await mount.CloseWell(handle);
        Assert.Equal("new", mount.Remote.Text("/d/gamma"));
        Assert.Empty(mount.Vfs.PendingUploads);
    }

    [Fact]
    public async Task A_new_file_renamed_over_a_link_replaces_the_link()
    {
        await using var mount = new Mount(r =>
        {
            r.Put("/there", "x");
            r.PutLink("/gamma", "there");
        });
        var handle = await mount.Create("/alpha");
        await mount.Write(handle, 0, "new");
        Assert.Equal(VfsError.None, await mount.Rename("/alpha", "/gamma"));
        Assert.Equal(VfsError.None, await mount.Rename("/gamma", "/delta"));
        await AgreesAsync(mount, "delta", "there");
        await mount.CloseWell(handle);
        Assert.Equal(["delta", "there"], mount.Remote.Names("/"));
        Assert.Equal("x", mount.Remote.Text("/there"));
    }

    /// <summary>The root has these names, in what is known here as well as when the server is asked anew.</summary>
    private static async Task AgreesAsync(Mount mount, params string[] names)
    {
        Assert.Equal(names, await mount.Names("/"));
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(names, await mount.Names("/"));
    }
}
