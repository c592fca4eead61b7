// A learner: plays the episodes of each goal that the coordinator sets it, one after the other, then reports.
//
// Its beliefs of the world: episode(N), phase(train) or phase(eval), state(S) (several numbers where an observation has
// several), reward(R), return(X), steps(N), over(true) or over(false).

+!play(First, Count)[source(Coordinator)] <-
    -+goal(First, First + Count, Coordinator);
    !!episode(First).

+!episode(N) : goal(_, End, _) & N < End & .left <-
    .begin(N);
    !!act.
+!episode(_) : goal(First, _, Coordinator) <-
    .summary(Episodes, Steps, Mean);
    .send(Coordinator, tell, report(First, Episodes, Steps, Mean)).

// One step of an episode. `!!act`, not `!act`: each step is an intention of its own, where nested ones would pile up.
+!act : over(false) <-
    .choose(Action);
    .do(Action);
    !!act.
+!act : over(true) & episode(N) <-
    !!episode(N + 1).

// What the coordinator tells of the others.
+best(Mean)[source(Coordinator)] <-
    -best(Mean)[source(Coordinator)];
    -+target(Mean).
